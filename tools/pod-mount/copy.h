/* SPDX-License-Identifier: Apache-2.0 */
/* Copying what a layer or the host has, content and all that may be carried over. */
#ifndef POD_MOUNT_COPY_H
#define POD_MOUNT_COPY_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/xattrs.h"

/*
 * The content of one open file into another, empty one: by reflink where the filesystem can, else
 * its data segments, holes kept.  -errno; -EBUSY when the source changed meanwhile.
 */
int copy_content(int from, int to);

/* The first place at or after `at` that a file does not leave empty; size when there is none. */
off_t data_from(int fd, off_t at, off_t size);

/*
 * Has anybody the file open for writing, or mapped so?  fd: opened read-only.  True also where the
 * filesystem cannot tell.
 */
bool has_writers(int fd);

/* What a new entry is to look like. */
struct looks {
	mode_t mode; /* permissions */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	const struct xattrs *xattrs; /* NULL: leave them */
};

/* Owner first, since it clears bits of the mode; times last.  For an open file or directory. */
int looks_apply(int fd, const struct looks *l);
/* For what cannot be opened: symlinks, fifos.  No xattrs. */
int looks_apply_at(int dirfd, const char *name, const struct looks *l, int is_link);

/*
 * Make dirfd/name a copy of the entry from/from_name of type st: a file, symlink, fifo, or an empty
 * directory.  -EEXIST when the name is taken, -EPERM for sockets and devices.
 */
int copy_entry(int from, const char *from_name, const struct stat *st, int dirfd, const char *name,
	       const struct looks *l);

#endif
