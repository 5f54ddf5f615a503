/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sensitive paths, share/marks: what the host runs, or takes orders from. */
#ifndef LIBCOMMON_MARKS_H
#define LIBCOMMON_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

struct marks;

/* Read the table; a broken or missing one is an error: without it nothing would be sensitive. */
struct marks *marks_load(const char *home, struct err *e);
/* The same from its text, which must stay valid no longer than the call. */
struct marks *marks_parse(const char *text, size_t len, const char *home);
void marks_free(struct marks *m);

/* Does the host run, or take orders from, a file of this name in this directory?  Of a directory it
 * is remembered by its pointer, until another is asked for or it is forgotten. */
bool marks_sensitive(struct marks *m, const char *dir, const char *name);
void marks_forget_dir(struct marks *m);

#endif
