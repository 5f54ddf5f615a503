/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this run may be at all. */
#ifndef POD_EXEC_POLICY_H
#define POD_EXEC_POLICY_H

#include "tools/pod-exec/run.h"

/*
 * Refuses keys of walls that are not built unless each is waived by --without (r->without says
 * which were), the host's network without --unsafe, and commands the pod file does not allow.  A
 * refusal is on record when this returns.
 */
int policy_check(struct run *r, struct err *e);

#endif
