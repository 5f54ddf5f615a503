/* SPDX-License-Identifier: Apache-2.0 */
/* The target of a request: its path, read as every server reads it or not at all, and its query. */
#ifndef POD_PROXY_TARGET_H
#define POD_PROXY_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

/*
 * The path, decoded once.  -EINVAL: one that servers read in different ways (dot segments, encoded
 * or doubled slashes, backslashes, what is encoded twice, control bytes, broken UTF-8), or none.
 */
int target_path(const char *target, struct buf *path);

/* '*' is any bytes, also none, also '/'; everything else is itself. */
bool target_match(const char *glob, const char *path);

/*
 * Append the target without the query words of these names (as a server decodes them), and tell how
 * many went.
 */
size_t target_without(const char *target, bool (*is_named)(const void *arg, const char *name),
		      const void *arg, struct buf *out);

#endif
