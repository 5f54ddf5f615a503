/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storage wall: all that a pod writes into its view belongs to one project (project.h), whose
 * limit the kernel keeps.  pods/NAME/project has its number, drawn when the pod first gets a limit;
 * it lies in upper/ and work/, and by them in every layer that upper/ becomes.  What is counted:
 *
 *     the upper, and layers that were this pod's upper, also while a snapshot or a clone is what
 *     keeps them
 *     not: layers it got from a base or from the pod it was cloned of, the mask, what is committed,
 *     and what undo records keep (undo.max_size bounds that): what is rolled back makes room
 */
#ifndef POD_MOUNT_QUOTA_H
#define POD_MOUNT_QUOTA_H

#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/*
 * What the plan wants (budget.storage), around the building of a view: everything is counted from
 * quota_begin() on, and limited from quota_hold() on, since a pod that has used up all of it still
 * needs its directories.  77 where the filesystem of the state directory cannot keep it.
 */
int quota_begin(const struct pod *p, const struct plan *pl, const struct stack *s, struct err *e);
int quota_hold(const struct pod *p, const struct plan *pl, struct err *e);

/* Limit it to so many bytes from now on, whether it lives or not; 0: no longer. */
int quota_set(const struct pod *p, const struct stack *s, uint64_t bytes, struct err *e);

/*
 * Hold this process to the limit as the kernel holds everybody: on ext4 it lets root pass (xfs does
 * not).  For what is done at an agent's request.
 */
int quota_obey(struct err *e);

/* What comes to the pod in a new layer, not through its upper.  Where it has no project: nothing.
 * dir: the layer's.  -errno. */
int quota_adopt(const struct pod *p, int dir);

/* What leaves its layers for an undo record, and what comes back. */
void quota_release(const struct pod *p, int dir, const char *name);
void quota_reclaim(const struct pod *p, int dir, const char *name);

/* Another stack took the place of the pod's: layers that it lost, and those it got back. */
void quota_exchange(const struct pod *p, const struct stack *was, const struct stack *is);

/* The pod is going: its number means nothing any more. */
void quota_drop(const struct pod *p);

#endif
