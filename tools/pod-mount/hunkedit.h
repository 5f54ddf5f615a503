/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hunk that somebody has edited, as git takes it: '+' lines are what they like, a '-' line that
 * became a ' ' line stays, lines that begin with '#' are remarks.  The host's own lines must all
 * be there, word for word.
 */
#ifndef POD_MOUNT_HUNKEDIT_H
#define POD_MOUNT_HUNKEDIT_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mount/patch.h"

/* Lines a0..a1 of the host's text give way to some others. */
struct hunk_edit {
	size_t a0, a1;
	struct buf lines;
};

struct hunk_edits {
	struct hunk_edit *v; /* in order, none within another */
	size_t n;
};

void hunk_edits_finish(struct hunk_edits *e);

/* Append the hunk of runs from..to as it is given to an editor, with what can be done to it. */
void hunk_edit_offer(struct buf *out, const struct patch *p, size_t from, size_t to);

/*
 * Read it as it came back, and add to *edits what it changes.  1; 0: it changes nothing; -errno,
 * with e: it does not apply, and nothing was added.
 */
int hunk_edit_read(struct hunk_edits *edits, const struct patch *p, size_t from, size_t to,
		   const char *text, size_t len, struct err *e);

/* Append the old text with those runs applied that take[] says, and edits of hunks of which no run
 * is taken. */
void hunk_edits_compose(struct buf *out, const struct patch *p, const bool *take,
			const struct hunk_edits *edits);

#endif
