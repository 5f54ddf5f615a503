/* SPDX-License-Identifier: Apache-2.0 */
/* Marks that say what a reader of a diff must not miss. */
#ifndef POD_MOUNT_MARKS_H
#define POD_MOUNT_MARKS_H

#include "libcommon/marks.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/track.h"

#define MARKS_LARGE (10u << 20) /* bytes; a larger file is marked */

/* Set MARK_SENSITIVE, MARK_ESCAPES and MARK_LARGE on every change. */
void marks_apply(struct marks *m, const struct track *t, struct changes *list);

#endif
