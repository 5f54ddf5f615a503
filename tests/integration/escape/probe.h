/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: attacks on the walls of a pod, one function each, run in turn by probe.c.
 * An attack answers whether it worked; what it saw goes into `detail` by the same call:
 *	return r < 0 ? stopped() : worked("mounted %s", dir);
 */
#ifndef TESTS_INTEGRATION_ESCAPE_PROBE_H
#define TESTS_INTEGRATION_ESCAPE_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum verdict {
	WORKED = 0,  /* the attack reached its aim */
	STOPPED = 1, /* something refused it */
	UNTRIED = 2, /* it could not be tried: the test fails */
	ABSENT = 3,  /* this kernel has no such thing: see escape.bash */
};

struct attack {
	const char *group; /* files, process, seccomp, hardening, info */
	const char *name;
	enum verdict (*run)(const void *arg);
	const void *arg;
};

/* Each ends with an empty row. */
extern const struct attack file_attacks[], device_attacks[], mount_attacks[], process_attacks[],
	call_attacks[], wall_attacks[], info_attacks[];

/* Outside the pod, in a throw-away host: prepare there what the attack has inside for free. */
extern bool is_control;

/* What the throw-away host (escape/host) has planted. */
#define SECRET     "envpod-escape-secret" /* contents of every file a pod must not read */
#define HOST_STATE "/var/lib/envpod"
#define HOST_RUN   "/run/envpod"
#define HOST_SOCK  "/run/host.sock"
#define PREY       "prey" /* the pod under attack */

enum verdict worked(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
enum verdict untried(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Refused; the detail is errno's name. */
enum verdict stopped(void);
/* Refused, said in words. */
enum verdict held(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* r as a system call returned it: worked unless it failed. */
enum verdict unless_failed(long r);

/* At most size-1 bytes of a file, NUL-ended; the count, or -1 with errno. */
long slurp(const char *path, char *buf, size_t size);
bool holds_secret(const char *path);
/* A new empty file or directory in a place where both kinds of pod user may write; NULL: none. */
const char *scratch_file(void);
const char *scratch_dir(void);
/* The number on the line "NAME:" of /proc/self/status, in that base; -1 when absent. */
long long status_field(const char *name, int base);
/* Run fn in a child; its exit status, or 128 + signal. */
int in_child(int (*fn)(void));

#endif
