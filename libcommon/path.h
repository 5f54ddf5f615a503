/* SPDX-License-Identifier: Apache-2.0 */
/* Path text, and walking trees that somebody hostile may have made. */
#ifndef LIBCOMMON_PATH_H
#define LIBCOMMON_PATH_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

/* Absolute, without "", "." and ".." (".." stops at the root), by text alone.  Caller frees. */
char *path_clean(const char *base, const char *path);

/* Is path equal to or below dir?  Both clean and absolute; "/" is above everything. */
bool path_below(const char *path, const char *dir);

/*
 * path seen from dir: "." for dir itself, "a/b" below it, the absolute path outside it.
 * The result points into path.
 */
const char *path_from(const char *path, const char *dir);

/* mkdir with parents beneath dirfd; 0 when it is there already.  Returns -errno. */
int mkdir_p_at(int dirfd, const char *path, int mode);

/*
 * openat2(RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS): no component may be a symlink and none
 * may lead out.  A leading '/' is taken off; "" and "/" open dirfd itself again.  Retries EAGAIN.
 * Returns the descriptor (O_CLOEXEC) or -errno: ELOOP for a planted symlink, EXDEV for an escape.
 */
int open_beneath(int dirfd, const char *path, int flags, int mode);

/* The directory that holds path's last component, opened O_PATH, and that component in *leaf. */
int open_parent_beneath(int dirfd, const char *path, const char **leaf);

/*
 * Does that result of an open beneath say that there is no such entry?  (One of another type on the
 * way is none.)  Any other failure says that nobody knows.
 */
static inline bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

/*
 * The next name in a directory, but for "." and "..", until the one after it: 1; 0 at the end.  A
 * directory that cannot be read further is not at its end: -errno.
 */
int dir_next(DIR *d, const char **name);

/*
 * Remove a tree, whatever it holds, never leaving the filesystem and never following a symlink.
 * 0 when it is gone or was not there; -errno of the first entry that stayed.
 */
int remove_tree_at(int dirfd, const char *name);

/*
 * Hostile name for a terminal: control bytes, backslash and invalid UTF-8 as \xNN.
 * buf_esc appends; esc() uses one of four static buffers and shortens to 4 KiB.
 */
struct buf;
void buf_esc(struct buf *b, const char *name);
/* JSON for a terminal: the same value, with each character that would steer it as \uXXXX. */
void buf_esc_json(struct buf *b, const char *json);
const char *esc(const char *name);

/* Is s valid UTF-8? */
bool utf8_ok(const char *s);

#endif
