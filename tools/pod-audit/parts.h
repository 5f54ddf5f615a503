/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying on all processors: each link of the chain stands between two neighbouring lines, and
 * each seal goes by its line's number alone, so that the segments of a log can be checked side by
 * side, each from the head that the one before ends with.
 */
#ifndef POD_AUDIT_PARTS_H
#define POD_AUDIT_PARTS_H

#include "tools/pod-audit/chain.h"
#include "tools/pod-audit/seal.h"
#include "tools/pod-audit/source.h"
#include "tools/pod-audit/spans.h"

/* A head somebody wrote down earlier: the log must still lead through it. */
struct expected {
	bool given;
	uint64_t seq;
	char hex[RECORD_HEX];
};

struct part {
	struct chain chain; /* at its end */
	struct fault fault; /* kind NULL: none */
	struct err err;     /* it could not be read */
	char segment[16];   /* of the last line looked at: the bad one, if there is one */
	uint64_t number;
	bool seen;             /* the expected head is in it */
	uint64_t lines;        /* good ones */
	uint64_t sealed;       /* of these, and */
	uint64_t checked;      /* of these the seals that were looked at, and right */
	struct spans unsealed; /* by seq */
	struct spans cut;      /* lost, as a line said */
};

struct parts {
	struct part *v;
	size_t n; /* at least 1 */
};

/* Check the whole log; the parts come in its order, and stop meaning anything behind a fault. */
void parts_verify(struct parts *parts, struct source *s, const struct expected *x,
		  struct seals *seals);
void parts_finish(struct parts *parts);

#endif
