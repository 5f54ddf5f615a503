/* SPDX-License-Identifier: Apache-2.0 */
/* The host's mounts, from /proc/self/mountinfo. */
#ifndef POD_MOUNT_MOUNTINFO_H
#define POD_MOUNT_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define MOUNTINFO_MAX (8u << 20)

struct mount_row {
	int id, parent;
	dev_t dev;   /* of the superblock */
	char *root;  /* which directory of the filesystem is mounted */
	char *point; /* where */
	char *type;
	bool readonly; /* the mount, or the filesystem */
};

struct mounts {
	struct mount_row *v;
	size_t n, cap;
};

#define OWN_MOUNTS __attribute__((cleanup(mounts_finish)))

int mounts_read(struct mounts *m, struct err *e);
int mounts_parse(struct mounts *m, const char *data, size_t len, struct err *e);
void mounts_finish(struct mounts *m);

/* Is the i-th mount reachable by its mount point, not mounted over? */
bool mount_visible(const struct mounts *m, size_t i);
/* The visible mount that shows an absolute path. */
const struct mount_row *mounts_find(const struct mounts *m, const char *path);
/* The path within the filesystem that the mount shows at an absolute path.  Caller frees. */
char *mount_fspath(const struct mount_row *row, const char *path);
/*
 * Every other absolute path at which the host shows a directory, or a part of it: by bind mounts,
 * filesystems mounted twice, or where it was mounted from.  Those within the directory are left
 * out.
 */
void mount_names(struct strv *names, const struct mounts *m, const char *dir);
/* Does it hold files, rather than being a window into the kernel? */
bool mount_is_real(const struct mount_row *row);

#endif
