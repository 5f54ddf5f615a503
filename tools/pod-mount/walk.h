/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one walk that diff, commit and rollback share: what a pod's layers make of a covered host
 * directory, held against what the host has there now.
 *
 * Layers are hostile: every name is looked up beneath a descriptor and never followed, nothing
 * blocks on a fifo, depth costs heap and descriptors, not stack, and ends where paths become
 * longer than PATH_MAX.
 */
#ifndef POD_MOUNT_WALK_H
#define POD_MOUNT_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/mask.h"
#include "tools/pod-mount/track.h"

/* A covered directory. */
struct tree {
	const char *cover; /* absolute host path */
	unsigned index;    /* what change.cover becomes */
	const int *layers; /* its directory in each layer, topmost (the upper) first; -1: none */
	size_t n;
	int host; /* the host's side, cover_anchor(); -1: gone */
	const struct id_map
		*host_ids; /* its ids are to be read through this map; NULL: as they are */
};

struct walk {
	const struct id_map *ids;
	const struct track *track;   /* NULL: everything */
	const struct mask *mask;     /* NULL: nothing is masked */
	const struct bases *bases;   /* NULL: conflicts are not looked for */
	const struct committed *own; /* NULL, or what our own commits did to the host */
	const char *const *nested;   /* other covers: what lies there is theirs; ends with NULL */
	const bool *quiet;       /* per layer, as in tree.layers: leave its changes out (setup) */
	struct renames *renames; /* NULL, or where directories with a redirect are noted */
};

/* A directory of a layer that stands for another place below. */
struct rename_note {
	char *path, *from; /* absolute host paths: where it is now, where its content lies */
	unsigned cover, source;
};

struct renames {
	struct rename_note *v;
	size_t n;
};

void renames_finish(struct renames *r);

/* Append the changes of one tree to list, in path order. */
int walk_tree(const struct walk *w, const struct tree *t, struct changes *list, struct err *e);

#endif
