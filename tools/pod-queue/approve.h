/* SPDX-License-Identifier: Apache-2.0 */
/* Who may say yes. */
#ifndef POD_QUEUE_APPROVE_H
#define POD_QUEUE_APPROVE_H

#include "libcommon/plan.h"
#include "tools/pod-queue/action.h"

/* May this user approve the action?  0, or -EINVAL with status 3 and the reason. */
int approver_check(const struct plan *pl, const struct action *a, const char *by, struct err *e);

#endif
