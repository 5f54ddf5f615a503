/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that hangs below the root of a view, in order of depth: nothing hides what is deeper.
 */
#ifndef POD_MOUNT_PLACES_H
#define POD_MOUNT_PLACES_H

#include "libcommon/err.h"

struct view;

/* Attach all covers but the root's, and mounts[], on the open root of the view. */
int places_attach(const struct view *v, int root, struct err *e);

#endif
