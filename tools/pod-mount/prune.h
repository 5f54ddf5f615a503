/* SPDX-License-Identifier: Apache-2.0 */
/* Taking out of the layers what the host has by now. */
#ifndef POD_MOUNT_PRUNE_H
#define POD_MOUNT_PRUNE_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/run.h"

/* Carry out the prune lines of a journal: whiteouts and files go, directories are kept in undo. */
int prune_entries(struct run *r, struct err *e);
/* Remove directories of the layers, along the paths of the journal, that say nothing any more:
 * empty, and the same as the host's.  gone: absolute paths of those that no layer has any more. */
void prune_dirs(struct run *r, const struct stack *s, struct strv *gone);

#endif
