/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounting by descriptor: targets are found once, beneath a directory we hold and without following
 * symlinks, because the tree is the agent's.
 */
#ifndef POD_EXEC_MNT_H
#define POD_EXEC_MNT_H

#include <stdint.h>
#include <sys/mount.h>

#include "libcommon/err.h"

#define MNT_SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A detached mount of a new file system; options are "key=value" or "flag", NULL at the end. */
int mnt_new(const char *type, const char *const *options, uint64_t attr, struct err *e);

/* Attach the mount on dirfd/path, which must be a directory; `name` is for messages. */
int mnt_attach(int mnt, int dirfd, const char *path, const char *name, struct err *e);
/* Nothing in it is written to by its paths any more.  0 or -errno. */
int mnt_close(int mnt);

/* Bind what `from` (O_PATH) names over what `to` (O_PATH) names, adding attr.  -errno. */
int mnt_cover(int from, int to, uint64_t attr);

#endif
