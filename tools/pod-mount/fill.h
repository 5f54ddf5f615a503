/* SPDX-License-Identifier: Apache-2.0 */
/* What settle.c and fill.c share while the layers of a pod are settled. */
#ifndef POD_MOUNT_FILL_H
#define POD_MOUNT_FILL_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libcommon/err.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/level.h"
#include "tools/pod-mount/survey.h"

struct settler {
	struct survey *s;
	struct walker w;
	int scratch;
	unsigned long made; /* numbers names in the scratch directory */
	struct err *e;
};

/* "WHAT PATH in a layer of pod NAME", the path being the walk's; -code. */
int settle_failed(struct settler *st, int code, const char *what);
/* A directory beneath an open one; -errno. */
int settle_child(int dirfd, const char *name);
/* Note, for settle_recover(), that whiteouts of this part are in doubt. */
int settle_note(const struct settler *st, const struct part *last, const char *within);
/* As a layer stores it: the host's ids are shifted, a layer's are so already. */
void settle_looks(const struct settler *st, struct looks *l, const struct stat *from,
		  bool from_host);
/* The walk's path becomes the level's again. */
void settle_at(struct settler *st, const struct level *l);

/* The index of the part with the redirect, what stands behind it came through it; nparts: none. */
size_t settle_redirect(struct settler *st, const struct level *l);
/*
 * Copy everything that shows in part k from behind it into it, and make it opaque: it is no longer
 * renamed, and shows the same.  1, or -errno with the message.
 */
int settle_fill(struct settler *st, const struct level *l, size_t k);

#endif
