/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program of the pod and reading what it says, within bounds. */
#ifndef POD_ACTION_CHILD_H
#define POD_ACTION_CHILD_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define CHILD_OUT_MAX (1u << 20)

struct child {
	const struct buf *in; /* its input, NULL: none */
	struct buf *out;      /* appended */
};

/* Along our PATH, with nothing but 0, 1, 2.  0; 1 with what it said in e where it ended
 * otherwise; -errno where it could not be run. */
int child_run(const struct child *c, char *const argv[], char *const env[], struct err *e);

#endif
