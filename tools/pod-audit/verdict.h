/* SPDX-License-Identifier: Apache-2.0 */
/* What verify has found out about a log, apart, and its telling as text and as JSON. */
#ifndef POD_AUDIT_VERDICT_H
#define POD_AUDIT_VERDICT_H

#include "tools/pod-audit/loglist.h"
#include "tools/pod-audit/parts.h"
#include "tools/pod-audit/proof.h"

struct verdict {
	const struct part *bad; /* the first line that is wrong; NULL: none */
	struct record_tail
		head; /* the last line; of a bad log where it could be read, else seq 0 */
	uint64_t lines, sealed, checked;
	struct spans unsealed, cut;
	bool head_missing;   /* the expected one was not in it */
	uint64_t truncated;  /* the seal is so many lines ahead: they were cut off */
	uint64_t behind;     /* it is behind: a crash, and the next writer catches up */
	const char *seal;    /* what is wrong with audit/seal; NULL: nothing */
	const char *key;     /* whose verification key: given, host; NULL: there was none */
	bool must_be_sealed; /* lines without a seal are wrong */
	bool key_given;      /* by somebody who wants to know everything */
	uint64_t log;        /* its number on its host, where sealed is not 0 and the key fits */
	bool log_known;
	struct expected expected;
	struct loglist list;  /* of the host, where its key and this log are at hand */
	struct proofs proofs; /* checkpoints from elsewhere; n 0: none was given */
};

void verdict_finish(struct verdict *v);

/* Is the log whole? */
bool verdict_good(const struct verdict *v);
/* Print it: one line a fact, or one JSON object. */
void verdict_print(const struct verdict *v, bool json);

#endif
