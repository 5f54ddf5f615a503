/* SPDX-License-Identifier: Apache-2.0 */
/* Changes as people and programs read them. */
#ifndef POD_MOUNT_LIST_H
#define POD_MOUNT_LIST_H

#include <stdbool.h>

#include "tools/pod-mount/change.h"
#include "tools/pod-mount/survey.h"

#define LIST_FOLD 10 /* a new directory with more files than this becomes one line */

/* Print those that are chosen; how many there were. */
struct list_opts {
	const char *cwd; /* text: paths are relative to it */
	bool no_fold;
	bool why; /* and who wrote it */
};
size_t list_text(struct survey *s, const struct list_opts *o);
size_t list_json(struct survey *s);
size_t list_null(const struct survey *s);

/* The members "host" and "pod" of a change, each where that side has something. */
void list_sides(struct buf *b, const struct change *c);
/* What became of the host's side of a conflict, NULL for no conflict. */
const char *list_conflict(unsigned verdict);

/* One line of text, without newline: letter, path, notes and marks.  Of a rename the new half. */
void list_line(struct buf *out, const struct survey *s, const struct change *c, const char *cwd);

/* The members of a change's JSON object. */
void list_members(struct buf *b, struct survey *s, const struct change *c);

/* The last of the runs that can have made a change: "  by alice, 2026-01-02 03:04 UTC: make". */
void list_why(struct buf *out, struct survey *s, const struct change *c);
/* Member "runs", the last RUNS_SHOWN of them; nothing when none is known. */
#define RUNS_SHOWN 10
void list_runs(struct buf *b, struct survey *s, const struct change *c);

/* Does the line of this change say nothing that the lines of what is in it do not say? */
bool list_is_implied(const struct survey *s, size_t i);

#endif
