/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on the walls of a pod, one function each, run in turn by main.c.
 * A probe answers whether the wall held; what it saw goes into the detail by the same call:
 *	return r < 0 ? stopped() : opened("mounted %s", dir);
 */
#ifndef POD_PROBE_PROBE_H
#define POD_PROBE_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum verdict {
	OPEN = 0,    /* the attack reached its aim */
	HELD = 1,    /* something refused it */
	UNTRIED = 2, /* it could not be tried */
	ABSENT = 3,  /* this kernel has no such thing */
};

enum severity { LOW, MEDIUM, HIGH, CRITICAL };

struct probe {
	const char *category; /* filesystem, process, network, … */
	const char *id;
	enum severity severity;
	const char *text; /* what is true while the wall holds */
	enum verdict (*run)(const void *arg);
	const void *arg;   /* a path has {NAME} where a bait of that name stands */
	const char *needs; /* the bait without which there is nothing to try; NULL: none */
};

/* Each ends with an empty row. */
extern const struct probe file_probes[], view_probes[], device_probes[], mount_probes[],
	process_probes[], namespace_probes[], call_probes[], hardening_probes[], limit_probes[],
	info_probes[], network_probes[], govern_probes[];

/* What the stage says when it was reached by this way out: "tcp 192.0.2.1 443"; false: it has none.
 */
bool probe_way(const struct probe *p, char *out, size_t size);

/* Outside the pod, in a throw-away host: prepare there what the attack has inside for free. */
extern bool is_control;

enum verdict opened(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
enum verdict untried(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Refused; the detail is errno's name. */
enum verdict stopped(void);
/* Refused, said in words. */
enum verdict held(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* This kernel has no such thing; the detail is errno's name. */
enum verdict absent(void);
/* r as a system call returned it: open unless it failed. */
enum verdict unless_failed(long r);

/* A probe of its own, and the end of others: is there something by that path, baits in it? */
enum verdict see(const void *path);
/* Does somebody answer at that path of a socket, with baits in it?  '@' in front: an abstract one.
 */
enum verdict connect_to(const void *path);
/* At most size-1 bytes of a file, NUL-ended; the count, or -1 with errno. */
long slurp(const char *path, char *buf, size_t size);
bool holds_secret(const char *path);
/* What a name in /proc starts with; 0: no number. */
int number_of(const char *name);
/* A new empty file or directory in a place where both kinds of pod user may write; NULL: none. */
const char *scratch_file(void);
const char *scratch_dir(void);
/* The number on the line "NAME:" of /proc/self/status, in that base; -1 when absent. */
long long status_field(const char *name, int base);
/* Run fn in a child; its exit status, or 128 + signal. */
int in_child(int (*fn)(void));

#endif
