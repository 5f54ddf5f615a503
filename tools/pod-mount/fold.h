/* SPDX-License-Identifier: Apache-2.0 */
/* Two layers of a stack as one new layer, whatever was renamed in them. */
#ifndef POD_MOUNT_FOLD_H
#define POD_MOUNT_FOLD_H

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/*
 * Replace layers i and i + 1 of the stack by one that shows the same; the stack is saved, and the
 * two are deleted unless something else names them.  They are not changed: also for layers that
 * others hold.  The new one has the newer one's time and digits, so that it is the same point to go
 * back to.  No process may live in the pod.
 */
int layers_fold(const struct pod *p, struct stack *s, size_t i, struct err *e);

#endif
