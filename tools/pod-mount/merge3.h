/* SPDX-License-Identifier: Apache-2.0 */
/* Three texts into one: what each of two sides changed of a third. */
#ifndef POD_MOUNT_MERGE3_H
#define POD_MOUNT_MERGE3_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

struct merge3 {
	const char *base, *ours, *theirs;
	size_t base_len, ours_len, theirs_len;
	const char *ours_name, *theirs_name; /* for markers */
};

/*
 * Append to out the base with the changes of both sides.  Changes that touch each other and are not
 * the same are conflicts; how many there were is returned, and in their place stand both sides
 * between markers.  The same for the same three texts, always; bounded as patch_make() is.
 */
size_t merge3(struct buf *out, const struct merge3 *m);

#endif
