/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a layer say plainly what it says by opaque directories, renames and deleted directories,
 * so that parts of it can be taken out.  Nothing of it changes what the pod sees, but that what the
 * host got since in an opaque directory shows in it.
 *
 *     an opaque directory     becomes a plain one with a whiteout for each name it hides
 *     a renamed directory     gets copies of what it shows from elsewhere, and becomes opaque
 *     a deleted directory     becomes an empty opaque one (the one thing that shows: it exists
 * again)
 */
#ifndef POD_MOUNT_SETTLE_H
#define POD_MOUNT_SETTLE_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/survey.h"

/* In the pod's directory, while copies are made; what a crash left there is nobody's only copy. */
#define SETTLE_SCRATCH "settle.tmp"

/*
 * Give the pod its own copy of layers that others name too and that hold any of the chosen changes
 * (shared.h); settle what stands in the way of them; then walk and select again, until nothing
 * does.  The survey was walked and selected from.  No process may live in the pod.  deleted: parts
 * of deleted directories are to come back.  How often it was walked again; -errno.
 */
int settle(struct survey *s, const struct selection *sel, bool deleted, struct err *e);

/* Settle the way to one directory of a cover, so that entries can be taken out of it. */
int settle_way(struct survey *s, unsigned cover, const char *dir, struct err *e);

/*
 * Note that an opaque directory of a layer (NULL: the upper) has whiteouts, tree being the name of
 * its cover; and that it no longer has, or is no longer opaque.  -errno.
 */
int settle_begin(const struct pod *p, const char *layer, const char *tree, const char *within);
int settle_end(const struct pod *p);
/* Remove the whiteouts of an opaque directory and of what is plainly below it.  -errno. */
int settle_clean(int dirfd);
/* Take back what a crash left half settled.  Under the pod's lock. */
int settle_recover(const struct pod *p, struct err *e);

#endif
