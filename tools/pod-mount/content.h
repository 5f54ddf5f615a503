/* SPDX-License-Identifier: Apache-2.0 */
/* The content of both sides of a change, for --patch, --stat and the mark `binary`. */
#ifndef POD_MOUNT_CONTENT_H
#define POD_MOUNT_CONTENT_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "tools/pod-mount/survey.h"

#define CONTENT_MAX (16u << 20) /* bytes of one side; larger ones are told by size only */

enum side_of { SIDE_HOST, SIDE_POD };

/*
 * Open one side's file or directory: O_RDONLY, not followed, never blocking.  -ENOENT when that
 * side has none, -ELOOP for a symlink.
 */
int content_open(const struct survey *s, const struct change *c, enum side_of side);

/* Mark every chosen file that has a NUL byte in its first block on either side. */
void content_mark_binary(struct survey *s);

/* Print as git diff does; for --stat a line a file and a sum. */
void content_patch(const struct survey *s, const char *cwd);
void content_stat(const struct survey *s, const char *cwd);

#endif
