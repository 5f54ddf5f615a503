/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that stand in for the host's: the topmost directory of an overlay gives the merged
 * one its owner, mode and xattrs, so an upper or mask directory must have what the host's has.
 */
#ifndef POD_MOUNT_MIRROR_H
#define POD_MOUNT_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcommon/plan.h"

/* Which host id lies where in the pod; NULL where ids are kept because the mount maps them. */
struct shift {
	uid_t base, uid;
	gid_t gid;
};

struct shift shift_of_plan(const struct plan *pl);
uid_t shift_uid(const struct shift *s, uid_t host);
gid_t shift_gid(const struct shift *s, gid_t host);

/* Give the directory `to` the owner, mode, ACLs and user.* xattrs of `from` (both opened O_RDONLY,
 * or `from` NULL-like -1: pod root's, 0755).  Nothing is written that is right already.  -errno. */
int mirror_dir(int from, int to, const struct shift *s);

#endif
