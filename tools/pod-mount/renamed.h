/* SPDX-License-Identifier: Apache-2.0 */
/* Where a renamed directory's content lies in the layers below, as overlayfs itself looks it up. */
#ifndef POD_MOUNT_RENAMED_H
#define POD_MOUNT_RENAMED_H

#include <stdbool.h>

#include "libcommon/buf.h"

/*
 * Look a directory up in one layer.  rootfd: the layer's root.  path: absolute within it; becomes
 * the path under which the layers below are to be asked, if a directory on the way was renamed
 * itself, whether this layer has the last one or not.  *stop: nothing below this layer shows
 * through.  The descriptor (O_RDONLY), or -errno when this layer has no such directory.
 */
int renamed_lookup(int rootfd, struct buf *path, bool *stop);

/* The path that a redirect value names: absolute as it is, a bare name beside `path`. */
void renamed_target(struct buf *out, const char *path, const char *value);

#endif
