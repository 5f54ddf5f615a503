/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody's own program, run on the host: a response of rules, an anchor of the audit log. */
#ifndef LIBCOMMON_HOSTPROG_H
#define LIBCOMMON_HOSTPROG_H

#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"

#define HOSTPROG_LATE 124

struct hostprog {
	const char *what; /* for messages: "hook" */
	const struct strv *argv;
	uint64_t timeout_s;
};

/*
 * May this program be run so: an absolute path without symlinks, a regular file that can be
 * executed, it and every directory above it root's, and nobody else's to write?  -EPERM, status 78.
 */
int hostprog_check(const char *what, const char *path, struct err *e);

/*
 * Run it as the pod's owner, with in on its standard input, an environment of our own making, and
 * nothing else open.  When its time is over it ends with all it has started, and so does what it
 * leaves behind.  Its exit status, 128+N for signal N, HOSTPROG_LATE for its time; -errno with e
 * set.
 */
int hostprog_run(const struct hostprog *p, const struct plan *plan, const struct buf *in,
		 struct err *e);

#endif
