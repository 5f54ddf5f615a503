/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of changes: which runs of lines of which files a commit takes.  Chosen on a terminal
 * (pick.h) or by a patch; held against both contents again whenever the survey is walked.
 */
#ifndef POD_MOUNT_HUNKS_H
#define POD_MOUNT_HUNKS_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/hunkedit.h"
#include "tools/pod-mount/patchfile.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/survey.h"

struct hunk_choice {
	char *path;              /* absolute */
	bool whole;              /* the change as it is */
	bool by_name;            /* somebody was asked about this very path */
	bool with_mode;          /* the pod's mode too */
	bool old_seen, new_seen; /* of a change of type: which halves were named */
	bool *take;              /* per run of the patch */
	size_t n, line;          /* runs; where the patch speaks of it */
	struct hunk_edits edits; /* in place of runs that are not taken */
	bool hashed;
	unsigned char old[DIGEST_BYTES],
		new[DIGEST_BYTES]; /* of both contents, when it was chosen */
	struct buf composed;       /* what becomes the host's */
};

struct hunks {
	struct hunk_choice *v;
	size_t n;
};

#define OWN_HUNKS __attribute__((cleanup(hunks_finish)))

void hunks_finish(struct hunks *h);
/* A choice for this change, all of it not taken, with the hashes of both sides as they are; the
 * same one when there is one already.  Valid until the next is added. */
struct hunk_choice *hunks_add(struct hunks *h, const struct survey *s, const struct change *c);
/* The last one goes again. */
void hunks_drop(struct hunks *h);

/*
 * Choose what a patch says, its paths seen from cwd.  Every run of it must be one that diff shows
 * now, line for line; anything else is status 3, and names the line of the patch.
 */
int hunks_match(struct hunks *h, const struct survey *s, const struct patch_files *p,
		const char *cwd, struct err *e);

/* selection_apply(), and then sel->hunks: their changes become chosen, those that are taken in part
 * get their content composed.  Status 3 when a content is no longer what was chosen from. */
int hunks_select(const struct selection *sel, struct survey *s, bool strict, struct err *e);

#endif
