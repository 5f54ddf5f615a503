/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts brought into a running pod. */
#ifndef POD_MOUNT_LIVE_H
#define POD_MOUNT_LIVE_H

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

/* Give a live pod a cover for a working directory that its view does not show yet. */
int live_cover(const struct pod *p, const struct plan *pl, const char *dir, struct err *e);

#endif
