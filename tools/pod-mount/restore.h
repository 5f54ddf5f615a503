/* SPDX-License-Identifier: Apache-2.0 */
/* Putting another stack in the place of a pod's, so that it can be taken back. */
#ifndef POD_MOUNT_RESTORE_H
#define POD_MOUNT_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/layers.h"

/*
 * Close the upper, and make `want` the pod's stack.  Under the pod's lock, recovered, and no
 * process may live in it (status 75).  What the pod had is kept as an undo record, undo/ID/ with
 *     journal      "envpod-journal 1 restore" (or unrestore), without steps
 *     stack        the stack of before: it goes back when this is undone
 *     stack.new    the one that took its place
 * whose layers stay for as long as the record does.  undoes: the ID of the record that this takes
 * back, NULL for none.  id: the record's; "" when the pod had this very stack already and nothing
 * was done.
 */
int restore_stack(const struct pod *p, const struct stack *want, const char *undoes,
		  char id[JOURNAL_ID], struct err *e);
/* The same for one that drops all the pod did, of that many files: record and list say so. */
int restore_grounds(const struct pod *p, const struct stack *want, uint64_t files,
		    char id[JOURNAL_ID], struct err *e);

/* Is it a record of this kind? */
bool restore_is(const char *verb);
/* journal_recover() of a record of this kind. */
int restore_recover(const struct pod *p, struct journal *j, struct err *e);

#endif
