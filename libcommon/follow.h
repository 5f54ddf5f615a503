/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a pod that change under a daemon of its network: inotify(7) in its loop. */
#ifndef LIBCOMMON_FOLLOW_H
#define LIBCOMMON_FOLLOW_H

#include <sys/inotify.h>

#include "libcommon/loop.h"
#include "libcommon/netid.h"

/* What replaces a file of a directory, or takes it away. */
#define FOLLOW_FILES (IN_MOVED_TO | IN_DELETE | IN_ONLYDIR)

/*
 * Call w->fn (set by the caller, with w->arg) when that happens to path; mask is IN_*.  On the
 * account of the pod's daemon of that role (netid_inotify), so by root, before it locks down.
 * -errno with e set.
 */
int follow_begin(struct watch *w, struct loop *l, const struct pod *p, enum netid_role role,
		 const char *path, uint32_t mask, struct err *e);
/* Take what has happened: it is the same whatever it was. */
void follow_drain(const struct watch *w);

/* The pod's table of names, to be read, and w called when some are revoked; as follow_begin(). */
struct names;
int follow_names(struct names *n, struct watch *w, struct loop *l, const struct pod *p,
		 enum netid_role role, struct err *e);

#endif
