/* SPDX-License-Identifier: Apache-2.0 */
/* Names and links of an archive that nobody vouches for. */
#ifndef POD_UPLOAD_JUDGE_H
#define POD_UPLOAD_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

/* Components between single slashes, none of them "", "." or "..", none too long, not too many. */
bool judge_path(const char *path);

/*
 * Does a symlink at that clean path lead to something below the path's first component, wherever
 * that lies and whatever other links are there?  ".." counts only at the front: behind a name,
 * which may be a link itself, nobody knows by the text where it leads to.
 */
bool judge_target(const char *path, const char *target);

/* A name of any tar's ("./a/b/", "/a") as a clean path into out[size]; "" for "." alone. */
bool judge_foreign(const char *name, char *out, size_t size);

#endif
