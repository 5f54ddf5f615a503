/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of one step of a journal: where it acts on the host, and in a layer. */
#ifndef POD_MOUNT_STEP_H
#define POD_MOUNT_STEP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libcommon/err.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/run.h"

/* The last component of a step's path. */
const char *step_leaf(const struct step *st);
/* Note what lies at new/N and is to be put in place. */
void step_staged(struct step *st, const struct stat *now);
/* The host directory it is in; kept open for the next step there: the run's, not to be closed. */
int run_parent(struct run *r, const struct step *st);
/* The step's own host directory (meta, reset); the caller's. */
int run_open_dir(const struct run *r, const struct step *st);
/* Its entry in the layer, through the site's mount. */
int run_raw(const struct run *r, const struct step *st, int flags);
/* The directory of that entry, through the state directory's mount, for renames to undo/ID/new. */
int run_raw_parent(const struct run *r, const struct step *st, const char **leaf);

/* Where a give puts its entry, within the layer that is being made. */
int run_given(const struct run *r, const struct step *st, const char **leaf);

/* Give a step's host directory the looks l, and the carried xattrs of the open directory `from`,
 * unless that is -1 (ids: it is a layer's).  -ESTALE when it is not the directory the plan saw. */
int run_change_meta(const struct run *run, const struct step *st, int from, const struct looks *l,
		    const struct id_map *ids);

/* "WHAT PATH: reason". */
int run_failed(const struct run *r, const struct step *st, int code, const char *what,
	       struct err *e);

/* 1: it is there, 0: it is not, -errno: nobody knows. */
int entry_find(int dirfd, const char *name, struct stat *st);
bool entry_look(int dirfd, const char *name, struct stat *st);
/* 1: a directory with nothing in it, 0: it is not, -errno: nobody knows. */
int entry_empty(int dirfd, const char *name);
bool entry_is_empty(int dirfd, const char *name);
/* The entry of before, though its ctime is another: it was moved. */
bool entry_was(const struct stat *st, const struct ident *old);

#endif
