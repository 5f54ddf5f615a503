/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a cover's entries are put in place.  rename(2) works only within one mount, so both ends
 * are reached through one private, non-recursive clone of the mount that the cover lies on: what
 * lies under another mount's mount point is then reached too, and no mount on it (KERNEL-NOTES
 * C16).
 *
 * The staging directory is undo/ID/new where the state directory lies on that same mount; otherwise
 * a hidden directory of root's at the mount's top, which goes when the operation ends.
 */
#ifndef POD_MOUNT_SITE_H
#define POD_MOUNT_SITE_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

struct site {
	char *cover; /* host path */
	char *top;   /* mount point of its filesystem */
	int root;    /* the clone of that mount */
	int host;    /* the cover's directory in it */
	int stage;   /* staging directory in it, -1: not made yet */
	int taken;   /* undo/ID/new of a record that is taken back, where it is near; else -1 */
	bool near;   /* the state directory is reachable through root: layers can be renamed from */
	char *state; /* then: its path within top */
};

#define SITE_INIT                                                \
	{                                                        \
		.root = -1, .host = -1, .stage = -1, .taken = -1 \
	}

int site_open(struct site *s, const char *cover, const struct pod *p, struct err *e);
/* Can two entries change places there?  Many filesystems in user space cannot, nor can NFS: 77. */
int site_try(const struct site *s, const struct pod *p, struct err *e);
/* Make or open the staging directory of operation id; make: it must not be there. */
int site_stage(struct site *s, const struct pod *p, const char *id, bool make, struct err *e);
/* Open undo/ID/new of another operation for renames; nothing for a site that is far. */
int site_take(struct site *s, const char *id, struct err *e);
/* Remove a hidden staging directory once it is empty; nothing for a near one. */
void site_unstage(struct site *s, const struct pod *p, const char *id);
/* A layer's tree of this cover through the clone, so that renames work; id NULL: the upper. */
int site_layer(const struct site *s, const struct pod *p, const char *id);
void site_finish(struct site *s);

#endif
