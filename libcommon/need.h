/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin says a pod would need (envpod-plugin(3)), and how much of it its kind may ask for.
 *
 *	{"need":"device","path":"/dev/dri/renderD128"}     a node of the host's in the pod's /dev
 *	{"need":"env","name":"POD_NULL","value":"text"}    a variable of each run
 *	{"need":"package","name":"xvfb","file":"/usr/bin/Xvfb"}
 *	{"need":"service","name":"x11","command":"Xvfb :99","group":"guardian","ready":"/tmp/x",
 *		"after":"bus","with":"","listen":""}
 *	{"need":"socket","path":"/run/user/1/wayland-0","as":"/run/envpod/host/wayland-0"}
 *
 * Unknown kinds and keys are refused, not skipped; keys that may be "" may be absent, too.  A
 * command is words (words.h), the first of them a path or a name that is looked up in the pod.
 *
 * What was judged lies in RUN/NAME/needs while the pod is up, a need a line, in words, "-" for
 * nothing:
 *	device PATH c|b MAJOR MINOR | env NAME VALUE | package NAME FILE | socket PATH AS |
 *	service NAME guardian|app READY AFTER WITH LISTEN WORD...
 */
#ifndef LIBCOMMON_NEED_H
#define LIBCOMMON_NEED_H

#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

#define NEED_LINE_MAX 8192 /* bytes of a line with its newline */
#define NEED_MAX      256  /* needs of one plugin */
#define NEED_VALUES   7

enum need_kind { NEED_DEVICE, NEED_ENV, NEED_PACKAGE, NEED_SERVICE, NEED_SOCKET, NEED_KINDS };

/* Where the values are: "" where a key is absent. */
enum { DEVICE_PATH };
enum { ENV_NAME, ENV_VALUE };
enum { PACKAGE_NAME, PACKAGE_FILE };
enum {
	SERVICE_NAME,
	SERVICE_COMMAND,
	SERVICE_GROUP,
	SERVICE_READY,
	SERVICE_AFTER,
	SERVICE_WITH,
	SERVICE_LISTEN
};
enum { SOCKET_PATH, SOCKET_AS };

struct need {
	enum need_kind kind;
	char *values[NEED_VALUES];
};

void need_finish(struct need *n);
#define OWN_NEED __attribute__((cleanup(need_finish), unused))

/* From a kind and pairs of key and value; -EINVAL with e set for what is no need. */
int need_make(struct need *n, const char *kind, const char *const *kv, struct err *e);
/* From a line of JSON, without its newline. */
int need_parse(struct need *n, const char *line, size_t len, struct err *e);
/* The line of JSON, with its newline. */
void need_format(const struct need *n, struct buf *b);

/*
 * May a plugin of this kind ("gpu" of "gpu-dri"), given these words of the pod file, ask for it?
 * 0, or -errno with status 3 and the plugin's name.  What is there on the host is not looked at.
 */
int need_judge(const struct need *n, const char *plugin, char *const *opts, struct err *e);

/* Is it a plugin's name, KIND-NAME or "null", of a kind that there is?  Status 78 otherwise. */
int need_check_plugin(const char *name, struct err *e);

/* --- what was judged --- */

struct device {
	char *path; /* below /dev */
	char type;  /* c or b */
	unsigned major, minor;
};

/* A Debian package, wanted where the view lacks the file. */
struct need_package {
	char *name, *file;
};

/* A socket of the invoking user's, and where it is in the view. */
struct need_socket {
	char *path, *as;
};

#define NEED_SERVICES_MAX 32
#define NEED_NAME_MAX     32 /* of a service, a set, a listening socket; names become file names */

/* A process that is kept in the pod while it runs; "" for what was not said. */
struct need_service {
	char *name, *group; /* guardian or app */
	char *ready;        /* it is ready when this path is there in the view */
	struct strv after;  /* services that must be ready before it begins */
	char *with;         /* all of one word begin and end together */
	char *listen;       /* the socket that it is handed, listening */
	struct strv argv;
};

struct needs {
	struct device *devices;
	size_t n_devices;
	struct strv env; /* "NAME=VALUE" */
	struct need_package *packages;
	size_t n_packages;
	struct need_socket *sockets;
	size_t n_sockets;
	struct need_service *services; /* names are of one service each */
	size_t n_services;
};

#define OWN_NEEDS __attribute__((cleanup(needs_finish), unused))

void needs_finish(struct needs *n);
void needs_add_device(struct needs *n, const char *path, char type, unsigned major, unsigned minor);
/* Copies; what is there already is not added again. */
void needs_add_package(struct needs *n, const char *name, const char *file);
void needs_add_socket(struct needs *n, const char *path, const char *as);
/*
 * Copies.  -EINVAL with e, nothing added: a name that is none or taken, a group that there is not,
 * a path that is not plain and absolute, no command, one service too many.  Whether those of after
 * are there is for needs_check_services(), when all were added.
 */
int needs_add_service(struct needs *n, const struct need_service *s, struct err *e);
/* -EINVAL with e: one waits for a service that there is not, or for itself in the end. */
int needs_check_services(const struct needs *n, struct err *e);
/* RUN/NAME/needs; none is none.  0 or -errno with e set. */
int needs_load(struct needs *n, const struct pod *p, struct err *e);
int needs_save(const struct needs *n, const struct pod *p, struct err *e);
/* The text of the file: 0, or -EBADMSG. */
int needs_parse(struct needs *n, const char *text, size_t len);

#endif
