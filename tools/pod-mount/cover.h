/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cover is a host directory that gets an overlay of its own: "/", every further real filesystem
 * mounted below it, every `cow` mount, and working directories that no other cover shows (below
 * /tmp, or under a mask).
 */
#ifndef POD_MOUNT_COVER_H
#define POD_MOUNT_COVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

#define COVERS_MAX 256 /* a view of more is refused */

struct mask;
struct mounts;
struct stack;

struct cover {
	char *path;    /* the host directory; what diff and commit speak of */
	char *name;    /* pod_cover_name(path): the directory in upper/, work/, mask/ and layers */
	char *target;  /* where the view shows it; differs from path for cow mounts with a target */
	dev_t dev;     /* of the superblock, as mountinfo has it (btrfs subvolumes share it) */
	char *fspath;  /* path within that filesystem, from the filesystem's own root */
	bool own;      /* a directory taken by name, not a mount found on the host */
	bool readonly; /* the host mounted it read-only: shown so, without an upper */
};

struct covers {
	struct cover *v; /* in order of depth: a parent comes before what lies below it */
	size_t n;
};

#define OWN_COVERS __attribute__((cleanup(covers_finish)))

/* What the covers of a view follow from. */
struct cover_ask {
	const struct mounts *host;
	const struct plan *plan;
	const struct mask *mask;
	const struct strv *tracked; /* those that vanished from the host are left out */
	const char *cwd;            /* asked for by name: it must be there; NULL: none */
};

/* The covers of a view built now. */
int covers_list(struct covers *c, const struct cover_ask *ask, struct err *e);
void covers_finish(struct covers *c);

/* The deepest cover that shows a host path, or NULL. */
const struct cover *covers_find(const struct covers *c, const char *path);

/*
 * Host paths of all covers that have something in the pod's upper or in a layer of the stack, by
 * depth; for diff, commit and rollback, which look at what is stored, not at what is mounted.
 */
int covers_stored(struct strv *paths, const struct pod *p, const struct stack *s, struct err *e);

/*
 * The host's side of a cover: a detached, non-recursive clone, so that what lies under a mount
 * point is reached and not the mount on it (KERNEL-NOTES C16), and so that both ends of a rename
 * can be reached through one mount.  A descriptor to walk from, or -errno.
 */
int cover_anchor(const char *path, struct err *e);
/* The host's directory as it stands there, O_PATH, through no symlink; -errno. */
int cover_open(const char *path);

/* How many directories lie above a clean path. */
unsigned path_depth(const char *path);

/* The -w directories of all runs so far, one a line in pods/NAME/tracked. */
int tracked_load(struct strv *dirs, const struct pod *p, struct err *e);
/* Remember one more; nothing happens when it, or a parent of it, is there already. */
int tracked_add(const struct pod *p, const char *dir, struct err *e);

#endif
