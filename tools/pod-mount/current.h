/* SPDX-License-Identifier: Apache-2.0 */
/* The layers that are what a pod has now, for a base or a clone to name. */
#ifndef POD_MOUNT_CURRENT_H
#define POD_MOUNT_CURRENT_H

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/*
 * Of a locked and recovered pod: its stack with the upper closed; of one that lives, its stack and
 * a copy of the upper.  Once something else names them: current_done().
 */
int current_stack(struct stack *s, const struct pod *p, struct err *e);
int current_done(const struct pod *p, struct err *e);

#endif
