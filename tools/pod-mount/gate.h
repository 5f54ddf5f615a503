/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.require_commit_approval and require_rollback_approval: the command does not act but becomes
 * an action of the pod's queue, with all its options and a digest of the very changes it chose.
 * Once a person has approved that, the steward runs it again with --action, and it acts if its
 * changes are still the same; a live pod stands still meanwhile.
 */
#ifndef POD_MOUNT_GATE_H
#define POD_MOUNT_GATE_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "tools/pod-mount/freezer.h"
#include "tools/pod-mount/survey.h"

struct gate {
	const char *verb;   /* "commit", "rollback" */
	const char *action; /* --action, or NULL */
	struct strv words;  /* the command once more, in full, from its options to its paths */
	struct buf input;   /* and its standard input */
	bool is_closed;     /* it is not to act, but to be submitted */
	struct freezer freezer;
};

/* How long an approved one waits for the pod's lock: an agent that asks for its diff holds it, too,
 * and an approval is used up by a failure. */
#define GATE_WAIT_MS 120000

#define GATE_INIT(word)                                 \
	{                                               \
		.verb = (word), .freezer = FREEZER_INIT \
	}

/* Behind survey_open(): is it closed?  dry: nothing is done anyway. */
int gate_begin(struct gate *g, struct survey *s, bool dry, struct err *e);
/* What was chosen is known, and could be done: 0: do it.  Status 3: it waits for a person now (the
 * message says how to approve it), or it is not what was approved. */
int gate_pass(struct gate *g, struct survey *s, struct err *e);
/* Everything goes on. */
void gate_end(struct gate *g, const struct survey *s);

/* Hex BLAKE2b of all that the chosen changes would do; -errno with e set. */
#define GATE_HEX 65
int gate_digest(const struct survey *s, char out[GATE_HEX], struct err *e);

#endif
