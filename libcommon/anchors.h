/* SPDX-License-Identifier: Apache-2.0 */
/* After what matters: the pod's log as it is now goes to where audit.anchor says. */
#ifndef LIBCOMMON_ANCHORS_H
#define LIBCOMMON_ANCHORS_H

#include "libcommon/plan.h"

/*
 * Has pod-audit make a checkpoint and send it, if the plan names an anchor.  What fails is said and
 * on record (anchor_failed), and undoes nothing.  Not with the pod's lock held: it may take a
 * while.
 */
void anchors_send(const char *pod, const struct plan *plan);

#endif
