/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One overlay of the view.  Called in the private mount namespace, every descriptor opened in it.
 *
 * Shapes (KERNEL-NOTES 3.2): flat is "upper, layers, mask, host".  The kernel refuses a lower that
 * lies below another lower on the same superblock; then it is nested: the host's clone goes into a
 * read-only overlay of its own, which is the lowest layer of the outer one.
 */
#ifndef POD_MOUNT_OVERLAY_H
#define POD_MOUNT_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

struct overlay {
	const char *path;  /* of the host directory; for messages */
	int host;          /* the host directory */
	int userns;        /* ids of the host's files are seen through it */
	const int *layers; /* the pod's, topmost first */
	size_t nlayers;
	int mask;        /* -1: none; stored with the host's own ids */
	int upper, work; /* -1, -1: a read-only view */
	bool nested;
	const char *scratch; /* a directory the old recipe may mount on; NULL: not to be tried */
	bool raw;            /* out: ids could not be mapped; only the owner's own are usable */
};

/*
 * Build it: an unattached mount, NODEV and NOSUID, as a descriptor, or -errno (status 77 where the
 * kernel or the filesystem cannot).
 */
int overlay_make(struct overlay *o, struct err *e);

/* A clone of one directory's mount, unattached, ids mapped; *raw when that was refused. */
int clone_mapped(int dirfd, int userns, unsigned long attrs, bool *raw, struct err *e);

/* An empty tmpfs, unattached.  options: "size", "1048576", "mode", "1777", ..., NULL. */
int tmpfs_make(unsigned long attrs, const char *const *options, struct err *e);

/*
 * Go into a mount namespace of our own, a private one: nothing we mount is seen outside, nothing
 * the host mounts from now on comes in.
 */
int namespace_own(struct err *e);

/* Hang an unattached mount on an open directory or file. */
int mount_attach(int mnt, int target, const char *name, struct err *e);

/* Is the old recipe (mount(2), KERNEL-NOTES 3.3) asked for by ENVPOD_MOUNT_API=old? */
bool overlay_old_asked(void);

/* What the kernel offers, found by trying: for doctor. */
enum overlay_api { OVERLAY_NONE, OVERLAY_OLD, OVERLAY_NEW };
enum overlay_api overlay_probe(void);
/* 0 when mounts of the directory's filesystem can carry an id map, else -errno. */
int idmap_probe(const char *dir);

#endif
