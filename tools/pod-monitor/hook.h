/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody's own program as a response. */
#ifndef POD_MONITOR_HOOK_H
#define POD_MONITOR_HOOK_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"

#define HOOK_S 30 /* it may take so long, if nobody says otherwise */

/*
 * May this program be a hook: an absolute path without symlinks, a regular file that can be
 * executed, it and every directory above it root's, and nobody else's to write?  -EPERM, status 78.
 */
int hook_check(const char *path, struct err *e);

/*
 * Run it as the pod's owner, with in on its standard input, an environment of our own making, and
 * nothing else open.  When its time is over it ends with all it has started, and so does what it
 * leaves behind.  Its exit status, 128+N for signal N, 124 for its time; -errno with e set.
 */
struct response;
int hook_run(const struct response *hook, const struct plan *plan, const struct buf *in,
	     struct err *e);

#endif
