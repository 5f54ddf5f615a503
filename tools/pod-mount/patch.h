/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of two texts, as diff -u writes it. */
#ifndef POD_MOUNT_PATCH_H
#define POD_MOUNT_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

struct patch_stat {
	size_t added, removed; /* lines */
};

/*
 * Append the hunks that turn old into new, three lines around each.  out may be NULL: count only.
 * Time and memory are bounded: texts too different for a short script come out as one hunk that
 * replaces everything between their common ends.
 */
void patch_lines(struct buf *out, const char *old, size_t old_len, const char *new, size_t new_len,
		 struct patch_stat *stat);

#endif
