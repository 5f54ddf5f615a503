/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_MOUNT_LACKING_H
#define POD_MOUNT_LACKING_H

#include "libcommon/err.h"
#include "libcommon/pod.h"

/* We stand in the view: status 77, with the names, where it lacks what plugins need. */
int lacking_check(const struct pod *p, struct err *e);

#endif
