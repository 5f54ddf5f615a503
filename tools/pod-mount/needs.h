/* SPDX-License-Identifier: Apache-2.0 */
/* The devices wall: what plugins and devices.extra ask for, judged and written to RUN/NAME/needs.
 */
#ifndef POD_MOUNT_NEEDS_H
#define POD_MOUNT_NEEDS_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

/*
 * For a new view: ask the plugins of the plan, judge what they and the pod file want, write it.
 * Status 3: refused; 77: a GPU that the pod file asks for is not on this machine.
 */
int needs_settle(const struct pod *p, const struct plan *pl, bool unsafe, struct err *e);

#endif
