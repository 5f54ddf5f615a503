/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a patch: what diff --patch, git diff and diff -u write. */
#ifndef POD_MOUNT_PATCHFILE_H
#define POD_MOUNT_PATCHFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"
#include "tools/pod-mount/sha1.h"

#define PATCHFILE_MAX (128u << 20) /* bytes */

/* "@@ -from,n_old +,n_new @@" and its lines, which lie in the text that was parsed. */
struct patch_hunk {
	size_t from, n_old, n_new;
	const char *body;
	size_t len;
	size_t line; /* of the patch */
};

/* One file's part.  Names are relative, without "a/" and "b/"; NULL: none on that side. */
struct patch_file {
	char *from, *to;
	unsigned old_mode, new_mode; /* 0: not said */
	bool created, deleted, renamed, binary;
	char old_name[SHA1_HEX], new_name[SHA1_HEX]; /* of the contents, as far as they are given */
	struct patch_hunk *hunks;
	size_t n;
	size_t line;
};

struct patch_files {
	struct patch_file *v;
	size_t n;
	bool from_root; /* it says that its paths are seen from "/" */
};

#define OWN_PATCH_FILES __attribute__((cleanup(patch_files_finish)))

/*
 * Parse a patch.  Text between the parts is passed over, but no line that could belong to a hunk.
 * -ERR_PLAIN with the number of the line that is not understood.  The text must stay.
 */
int patch_files_parse(struct patch_files *p, const char *data, size_t len, struct err *e);
void patch_files_finish(struct patch_files *p);

/* The next line of a hunk: its sign (' ', '-' or '+'), its bytes with the newline unless the patch
 * says that there is none; false at the end. */
struct hunk_line {
	char sign;
	const char *s;
	size_t len;
};
bool hunk_next(const struct patch_hunk *h, size_t *at, struct hunk_line *l);

#endif
