/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of a mount that somebody named.  A symlink on the way is the person's, and
 * followed, unless it lies where a pod could write past review: there it may be an agent's, and
 * lead anywhere.  pods/NAME/written lists those places, one a line, for good.
 */
#ifndef POD_MOUNT_SOURCE_H
#define POD_MOUNT_SOURCE_H

#include "libcommon/err.h"
#include "libcommon/pod.h"

struct mounts;

/* An O_PATH descriptor, or -errno: -EXDEV for a symlink that is not to be trusted. */
int source_open(const struct mounts *host, const char *path);
/* The same with a message; status 3 for such a symlink. */
int source_find(const struct mounts *host, const char *path, struct err *e);

/* The path of an open file: absolute, without symlinks.  NULL when it has none.  Caller frees. */
char *path_of(int fd);

/* Remember that pods can write to the directory of this path, before the first of them can. */
int written_add(const struct pod *p, const char *path, struct err *e);

#endif
