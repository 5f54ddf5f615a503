/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers that somebody else names too, a snapshot above all, are never changed.  A commit or a
 * rollback that must take something out of one first gives the pod a copy of its own, whose files
 * are links to the same inodes: nobody writes to the files of a layer.
 */
#ifndef POD_MOUNT_PRIVATE_H
#define POD_MOUNT_PRIVATE_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/*
 * Give the pod its own copy of the i-th layer; the stack, saved, names it.  Under the pod's lock.
 * Allowed while the pod lives: stack.live then remembers what its view stands on.
 */
int layer_make_private(const struct pod *p, struct stack *s, size_t i, struct err *e);

/* Finish or undo one that a crash cut off: `copying` names the copy. */
int private_recover(const struct pod *p, struct err *e);

/* The view that stack.live spoke of is gone. */
void private_view_ended(const struct pod *p);

#endif
