/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit --merge: where both sides of a conflict are text, and what both were made from is at hand,
 * a text with the changes of both takes their place.
 */
#ifndef POD_MOUNT_MERGE_H
#define POD_MOUNT_MERGE_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mount/basetext.h"
#include "tools/pod-mount/survey.h"

struct merges {
	bool markers; /* where both changed the same lines: both, between markers */
	struct merged {
		char *path;
		struct buf text;
		size_t conflicts; /* that were marked */
	} * v;
	size_t n;
	struct basetexts bases;
};

/* Merge what can be of the chosen conflicts: their change gets composed and merged.  Anew after
 * each walk of the survey. */
void merges_make(struct merges *m, struct survey *s);
void merges_finish(struct merges *m);

#endif
