/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the changes are meant: paths, directory prefixes, patterns, --exclude, --stdin. */
#ifndef POD_MOUNT_SELECT_H
#define POD_MOUNT_SELECT_H

#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mount/change.h"

#define SELECT_STDIN_MAX (256u << 20) /* bytes of a list on stdin */

struct selection {
	struct strv paths;   /* absolute, clean; with pattern characters kept */
	struct strv exact;   /* of --stdin: literal, and a directory that changed is itself alone */
	struct strv below;   /* literal, with all that is below; need not fit anything */
	struct strv exclude; /* as paths; a pattern without '/' stays as it is: it fits any name */
	struct hunks *hunks; /* NULL, or what is chosen besides, see hunks.h */
	bool from_stdin;     /* then no path at all means nothing, not everything */
};

#define OWN_SELECTION __attribute__((cleanup(selection_finish)))

/* Add words of a command line, relative to cwd. */
void selection_add(struct selection *s, const char *cwd, char *const *words, size_t n);
void selection_exclude(struct selection *s, const char *cwd, char *const *words, size_t n);
/* Add a list of paths as --stdin reads it: NUL-ended with null, else one a line.  -EINVAL for an
 * empty path or one longer than PATH_MAX, with its number. */
int selection_parse(struct selection *s, const char *cwd, bool null, const char *data, size_t len,
		    struct err *e);
int selection_stdin(struct selection *s, const char *cwd, bool null, struct err *e);
void selection_finish(struct selection *s);

/*
 * Set chosen and by_name on the changes that are meant.  A path that fits no change is refused
 * (status 2, it names the path) when strict; a word is first taken literally, then as a pattern.
 */
int selection_apply(const struct selection *s, struct changes *list, bool strict, struct err *e);

#endif
