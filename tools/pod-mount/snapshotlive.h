/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot of a pod that runs. */
#ifndef POD_MOUNT_SNAPSHOTLIVE_H
#define POD_MOUNT_SNAPSHOTLIVE_H

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/*
 * Copy the upper of a live pod to a new layer, its id in `id`: while the pod runs what has been at
 * rest, the remainder while it is frozen.  The caller makes something name the layer, then calls
 * live_copy_done(); until then a crash takes the layer away again.
 */
int live_copy(const struct pod *p, const struct stack *s, char id[LAYER_ID_MAX + 1], struct err *e);
int live_copy_done(const struct pod *p, struct err *e);

#endif
