/* SPDX-License-Identifier: Apache-2.0 */
/* A change set from a file, unpacked as the layer of a pod would have it.  See export.h. */
#ifndef POD_MOUNT_UNPACK_H
#define POD_MOUNT_UNPACK_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/tar.h"
#include "tools/pod-mount/export.h"

#define CARRIED_MAX  1000000u
#define UNPACK_DIR   "apply.tmp" /* in the pod's directory, under its lock; goes again */
#define UNPACK_BYTES (UINT64_C(4) << 30)

struct carried {
	char *path; /* absolute, here */
	char kind;
	unsigned what; /* WHAT_ bits */
	bool sensitive;
	char base[BASE_TEXT];
};

struct change_set {
	char pod[POD_NAME_MAX + 1];
	uint32_t uid, gid; /* of the person it comes from */
	bool from_root;
	struct carried *v; /* in order of path */
	size_t n;
	struct strv covers; /* host filesystems that something of it lies in */
};

#define OWN_CHANGE_SET __attribute__((cleanup(change_set_finish)))

void change_set_finish(struct change_set *c);
/* The first member. */
int change_set_head(struct change_set *c, struct tar_reader *r, struct err *e);
int change_set_parse_head(struct change_set *c, const char *text);
/*
 * All others, into the open directory `to`, one directory a cover in it; paths are relative to cwd.
 * An archive that names a path it cannot have, or one twice, or that lies below something that is
 * no directory, is refused whole (status 3).
 */
int change_set_unpack(struct change_set *c, struct tar_reader *r, const struct plan *plan, int to,
		      const char *cwd, struct err *e);
/* The entry of a path, or NULL. */
const struct carried *change_set_find(const struct change_set *c, const char *path);
/* Does the base that an entry names still stand?  now: export_base() of the host's side. */
bool carried_base_stands(const struct carried *k, const char *now);

#endif
