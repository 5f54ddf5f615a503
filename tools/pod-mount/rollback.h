/* SPDX-License-Identifier: Apache-2.0 */
/* Dropping changes: what the layers say about them moves to undo/ID. */
#ifndef POD_MOUNT_ROLLBACK_H
#define POD_MOUNT_ROLLBACK_H

#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/survey.h"

/*
 * Drop the chosen changes of a survey that was walked and selected from with sel; *files becomes
 * how many that were, directories not counted.  No process may live in the pod.
 */
int rollback_chosen(struct survey *s, const struct selection *sel, size_t *files, struct err *e);
/* Status 75 when a process lives in the pod, whose layers must not be edited then. */
int rollback_possible(const struct survey *s, struct err *e);

#endif
