/* SPDX-License-Identifier: Apache-2.0 */
/* How long records of what was done are kept. */
#ifndef POD_MOUNT_RETAIN_H
#define POD_MOUNT_RETAIN_H

#include "libcommon/plan.h"
#include "libcommon/pod.h"

/*
 * Drop records older than undo.max_age, and the oldest ones for as long as all of them hold more
 * than undo.max_size; those that were taken back first.  The newest stays whatever it holds.
 * After each operation, under the pod's lock.  What is dropped is recorded and said; a failure is
 * only said: the operation itself is done.
 */
void undo_retain(const struct pod *p, const struct plan *pl);

#endif
