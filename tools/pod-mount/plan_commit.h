/* SPDX-License-Identifier: Apache-2.0 */
/* From chosen changes to the steps of a journal, and what they put in place. */
#ifndef POD_MOUNT_PLAN_COMMIT_H
#define POD_MOUNT_PLAN_COMMIT_H

#include "libcommon/err.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/survey.h"

struct commit_plan {
	struct journal j;
	size_t *change; /* of each step: index in the survey's changes */
	size_t cap;
	uint32_t *site_of;  /* of each cover: index of its site in the journal */
	struct site *sites; /* opened for planning */
	size_t files;       /* chosen entries that are no directories */
	uint64_t bytes;
	struct strv notes;     /* what is left behind: setuid bits, … */
	const char *owner_dir; /* the directory whose owner was asked for last */
	uid_t owner_uid;
	bool copies; /* the layers' files stay where they are */
};

#define COMMIT_PLAN_INIT          \
	{                         \
		.j = JOURNAL_INIT \
	}
#define OWN_COMMIT_PLAN __attribute__((cleanup(commit_plan_finish)))

/*
 * Complete the choice (directories that new entries need; what a type change removes) and leave out
 * what cannot be (directories of which parts stay).  Before refuse_check().
 */
void commit_choose(struct survey *s);
int commit_plan_make(struct commit_plan *p, struct survey *s, struct err *e);
void commit_plan_finish(struct commit_plan *p);

/* Make every entry that the steps put in place, in its staging directory, complete. */
int commit_stage(struct run *r, struct commit_plan *p, struct survey *s, struct err *e);

#endif
