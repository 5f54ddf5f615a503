/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a layer say plainly what it says by opaque directories, renames and deleted directories,
 * so that parts of it can be taken out: nothing of it changes what the pod sees.
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

/*
 * Settle what stands in the way of the chosen changes; then walk and select again, until nothing
 * does.  The survey was walked and selected from.  No process may live in the pod.  deleted: parts
 * of deleted directories are to come back.  How often it was walked again; -errno.
 */
int settle(struct survey *s, const struct selection *sel, bool deleted, struct err *e);

/* Settle the way to one directory of a cover, so that entries can be taken out of it. */
int settle_way(struct survey *s, unsigned cover, const char *dir, struct err *e);

#endif
