/* SPDX-License-Identifier: Apache-2.0 */
/* The content of both sides of a change. */
#ifndef POD_MOUNT_CONTENT_H
#define POD_MOUNT_CONTENT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "tools/pod-mount/gitpatch.h"
#include "tools/pod-mount/survey.h"

#define CONTENT_MAX (16u << 20) /* bytes of one side; larger ones are told by size only */

enum side_of { SIDE_HOST, SIDE_POD };

/*
 * Open one side's file or directory: O_RDONLY, not followed, never blocking.  -ENOENT when that
 * side has none, -ELOOP for a symlink.
 */
int content_open(const struct survey *s, const struct change *c, enum side_of side);

/* What stat says of it there, not followed; -errno. */
int content_stat(const struct survey *s, const struct change *c, enum side_of side,
		 struct stat *st);

/* The target of that side's symlink, appended; -errno. */
int content_link(const struct survey *s, const struct change *c, enum side_of side,
		 struct buf *target);

/* A hash of that side's file or link, the type included; -errno. */
#define DIGEST_BYTES 32
int content_digest(const struct survey *s, const struct change *c, enum side_of side,
		   unsigned char digest[DIGEST_BYTES]);

/* One side as a patch shows it; h is HALF_INIT before. */
void content_half(struct half *h, const struct survey *s, const struct change *c,
		  enum side_of side);

/* Mark a file that has a NUL byte in its first block on either side. */
void content_mark_binary(const struct survey *s, struct change *c);

#endif
