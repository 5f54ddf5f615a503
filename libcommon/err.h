/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong: an errno value, the exit status it stands for, one line a person can act on. */
#ifndef LIBCOMMON_ERR_H
#define LIBCOMMON_ERR_H

#include <errno.h>

struct err {
	int code;      /* errno value, 0 = nothing went wrong */
	int status;    /* enum pod_exit, 0 = POD_EXIT_FAILED */
	char msg[480]; /* no newline, no "envpod:" in front */
};

/*
 * Say what failed.  The message becomes "TEXT: strerror(code)"; with code 0 (or EINVAL given as
 * ERR_PLAIN) TEXT alone.  Returns -code, or -EINVAL when code is ERR_PLAIN: never 0.
 */
#define ERR_PLAIN 0
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, naming the exit status (enum pod_exit) a main program ends with. */
int err_status(struct err *e, int status, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "CONTEXT: " in front of the message.  Returns -e->code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The exit status for e: its own, or one that follows from its code (EAGAIN is 75, EPERM 77, …). */
int err_exit(const struct err *e);

#endif
