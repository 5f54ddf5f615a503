/* SPDX-License-Identifier: Apache-2.0 */
/* Is what the pod has the same as what the host has? */
#ifndef POD_MOUNT_COMPARE_H
#define POD_MOUNT_COMPARE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "tools/pod-mount/ids.h"

/* An entry beneath an open directory; the directory may be hostile. */
struct side {
	int dirfd;
	const char *name;
	const struct stat *st;
	const struct id_map *ids; /* its ids are read through this map; NULL: as they are */
};

/*
 * What differs (WHAT_ bits, 0: nothing) between a layer's entry and the host's of the same type.
 * Directories: owner and mode only.  A side that cannot be read counts as different content.
 */
unsigned entries_differ(const struct side *pod, const struct side *host);

/* The same content, byte for byte, of two regular files or two symlinks? */
bool content_equal(const struct side *a, const struct side *b);

/* Do the xattrs a commit would carry over (user.* and ACLs) differ?  Open files or directories,
 * each with the map its ids are read through, or NULL. */
bool xattrs_differ(int podfd, const struct id_map *pod_ids, int hostfd,
		   const struct id_map *host_ids);

/* Does a file's first block hold a NUL byte? */
bool is_binary(int dirfd, const char *name);

#endif
