/* SPDX-License-Identifier: Apache-2.0 */
/* Overlayfs' marks on the entries of a layer: what is deleted, what hides, what was renamed. */
#ifndef POD_MOUNT_WHITEOUT_H
#define POD_MOUNT_WHITEOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define REDIRECT_MAX 4096 /* bytes of a redirect; overlayfs itself writes at most 256 */

/* Is this entry of a layer a deletion: a character device 0:0? */
bool is_whiteout(const struct stat *st);

/* What the xattrs of a layer's directory say. */
struct dir_marks {
	bool opaque;     /* nothing below shows through */
	bool redirected; /* what shows through is at `redirect` in the layers below */
	bool has_xattrs; /* others than overlayfs' own: compare them */
	char redirect[REDIRECT_MAX];
};

/* Read them; a redirect that overlayfs could not have written counts as opaque.  0 or -errno. */
int dir_marks_read(int dirfd, struct dir_marks *m);
/* A name in one directory, or an absolute clean path without "." and "..". */
bool redirect_valid(const char *value, size_t len);

/* Has the entry been copied up from below (trusted.overlay.origin)?  1, 0; -EIO: nobody knows. */
int copied_up(int dirfd, const char *name);
/* The same; when nobody knows it was. */
bool is_copied_up(int dirfd, const char *name);

int whiteout_make(int dirfd, const char *name); /* -errno */
int opaque_set(int dirfd);
int opaque_clear(int dirfd);
int redirect_set(int dirfd,
		 const char *path); /* -ENAMETOOLONG for one that would not be followed */
int redirect_clear(int dirfd);
int origin_clear(int dirfd);

#endif
