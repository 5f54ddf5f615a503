/* SPDX-License-Identifier: Apache-2.0 */
/* One file's part of a patch, in the words that git apply reads. */
#ifndef POD_MOUNT_GITPATCH_H
#define POD_MOUNT_GITPATCH_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "tools/pod-mount/patch.h"

/* One side of a file; mode 0: there is none. */
struct half {
	unsigned mode; /* as git knows it: 100644, 100755 or 120000, octal */
	struct buf data;
	bool binary; /* holds a NUL byte, or is not to be shown as lines */
	bool opaque; /* its content was not read: too large, or not readable */
};

#define HALF_INIT                \
	{                        \
		.data = BUF_INIT \
	}

/* 100755 for what its owner may execute, 120000 for a symlink, 0 for what git has no word for. */
unsigned git_mode(unsigned mode);

/*
 * Append the part that turns one side into the other.  names: relative paths; two different ones
 * make it a rename, similarity in percent.  literal: binary content too, in full (--binary);
 * otherwise it is only noted.  A change of type becomes a deletion and an addition, as in git.
 */
struct gitpatch {
	const char *from, *to;
	const struct half *old, *new;
	unsigned similarity;
	bool literal;
};
void gitpatch_put(struct buf *out, const struct gitpatch *g);

/* A name as git writes it: with prefix ("a/"), in double quotes if a reader or a terminal could be
 * misled by a byte of it. */
void git_name(struct buf *out, const char *prefix, const char *name);

#endif
