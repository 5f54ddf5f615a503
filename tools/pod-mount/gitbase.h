/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What git has of a file: its index says with which stat data it read which blob.  git is run as
 * the owner of the directory, never as root: cut off from the network, with no configuration but
 * the repository's own, whose hooks, monitors, filters and replacements do nothing here.
 */
#ifndef POD_MOUNT_GITBASE_H
#define POD_MOUNT_GITBASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "tools/pod-mount/base.h"

/* The stat data of one index entry, and its blob. */
struct git_entry {
	char blob[65];
	uint64_t ctime_ns, mtime_ns, ino, size;
};

/* Read what `git ls-files --stage --debug` prints of one path.  False when it is anything else. */
bool git_entry_parse(struct git_entry *g, const char *text, size_t len);

/* A directory of the host, where it is, and a name in it. */
struct git_place {
	int dir;
	const char *path, *name;
};

/*
 * The content of that file that a base line means, in b.  -ENOENT when git cannot vouch for it,
 * -EFBIG beyond max.
 */
int gitbase_read(const struct git_place *at, const struct base_entry *en, struct buf *b,
		 size_t max);

#endif
