/* SPDX-License-Identifier: Apache-2.0 */
/* Marks that say what a reader of a diff must not miss. */
#ifndef POD_MOUNT_MARKS_H
#define POD_MOUNT_MARKS_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/track.h"

#define MARKS_LARGE (10u << 20) /* bytes; a larger file is marked */

/* The table of sensitive paths, share/marks. */
struct marks;

/* Read the table; a broken or missing one is an error: without it nothing would be sensitive. */
struct marks *marks_load(const char *home, struct err *e);
/* The same from its text, which must stay valid no longer than the call. */
struct marks *marks_parse(const char *text, size_t len, const char *home);
void marks_free(struct marks *m);

/* Does the host run, or take orders from, a file of this name in this directory? */
bool marks_sensitive(struct marks *m, const char *dir, const char *name);
/* Set MARK_SENSITIVE, MARK_ESCAPES and MARK_LARGE on every change. */
void marks_apply(struct marks *m, const struct track *t, struct changes *list);

#endif
