/* SPDX-License-Identifier: Apache-2.0 */
/* One directory on the way of walk.c: the layers' directories that are one here, and the host's. */
#ifndef POD_MOUNT_LEVEL_H
#define POD_MOUNT_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "tools/pod-mount/names.h"
#include "tools/pod-mount/track.h"
#include "tools/pod-mount/walk.h"

struct part {
	int fd;
	uint16_t source; /* index in tree.layers */
	char *raw;       /* its path within the layer; NULL: the same as within the cover */
	char *below;     /* its path in the stack below the layer; NULL: the same */
};

/* Names that no layer has come from one of these. */
#define PART_SHOWN UINT16_C(0xfffe) /* the host directory that shows through, somewhere else */
#define PART_HOST  UINT16_C(0xffff) /* the host's directory of this path, which does not show */

struct level {
	size_t path_len;    /* of the walk's path while in here; 0 for "/" */
	const char *dir;    /* that path, in the list's arena; NULL until something is listed */
	struct part *parts; /* topmost first */
	size_t nparts;
	int host;      /* the host's directory of the same path, -1 */
	int shown;     /* the host's directory that shows through from elsewhere, -1 */
	char *from;    /* its absolute path */
	bool clear;    /* the host's directory of the same path shows through */
	bool fresh;    /* new: nothing of this path on the host or in a layer that does not show */
	bool vanished; /* made from the host's of the same path, which is gone */
	bool masks;    /* names in here may be masked */
	bool quiet;    /* what hides the host's directory is a quiet layer */
	bool uniform;  /* `place` holds for everything in here */
	enum track_place place;
	struct names names;
	size_t at;
	/* did somebody change the host's directory since the view began? */
	enum { RECENT_UNKNOWN, RECENT_NO, RECENT_YES } recent;
};

/* The entries of one name, one a part, and the host's of the same path. */
struct group {
	const char *name;
	const struct name *v;
	size_t n;
	struct stat top; /* of v[0] */
	struct stat host;
	bool on_host; /* host is there, and not masked */
	bool masked;
};

/*
 * Fill `down` for the directory that g names in `up`; w's path is the directory's already.  A
 * layer's directory that cannot be opened any more is left out.  -errno when the host's cannot be
 * read.
 */
struct walker;
void level_enter(struct walker *w, const struct level *up, const struct group *g,
		 struct level *down);
/* The root of the tree. */
void level_root(struct walker *w, struct level *down);
/* Down to the directory `name` of `up`, for a way that lists nothing; w's path grows with it. */
void level_step(struct walker *w, const struct level *up, const char *name, struct level *down);
/* Gather the names. */
int level_read(struct walker *w, struct level *l);
void level_finish(struct level *l);

/* What walk.c and level.c share while one tree is walked. */
struct walker {
	const struct walk *w;
	const struct tree *t;
	struct changes *list;
	struct buf path; /* absolute path of what is looked at */
	struct buf text; /* scratch */
	struct level *stack;
	size_t depth, cap;
	int fault; /* -errno: a disk failed, and what the walk found may not be all */
	struct err *e;
};

/*
 * A look at the walk's path failed with errno.  That something is not there, or is no directory, is
 * an answer; an error of the disk is none, and the walk fails with it in the end.  Keeps errno.
 */
void walk_fault(struct walker *w);

/* Is an absolute host path hidden from the pod? */
bool path_hidden(const struct walker *w, const char *path);
/* walker.path as the layers have it: within the cover. */
const char *path_within(const struct walker *w);

#endif
