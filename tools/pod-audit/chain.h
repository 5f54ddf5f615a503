/* SPDX-License-Identifier: Apache-2.0 */
/* Does a line follow from the one before it?  The rules of envpod-audit(5), for verify. */
#ifndef POD_AUDIT_CHAIN_H
#define POD_AUDIT_CHAIN_H

#include "libcommon/record.h"
#include "tools/pod-audit/source.h"

struct chain {
	char pod[64];            /* "": that of the first line */
	struct record_tail last; /* of the last good line; seq 0: there was none */
	uint64_t cut;            /* so many lines before it are lost, as it says itself (log_cut) */
};

void chain_init(struct chain *c, const char *pod);

/* The pod a line says it belongs to; false when it does not begin as an audit line. */
bool chain_pod(const struct line *l, char pod[64]);

struct fault {
	const char *kind; /* for programs: edited, gap, order, pod, torn, long, format, seal */
	char why[256];    /* for people, to stand behind "SEGMENT:LINE: " */
};

/*
 * The two halves of chain_next(), for who makes the links of many lines together: all that can be
 * seen of a line without its link, moving on to what it says of itself; and whether the link that
 * was made (64 hex digits) is the one it said.
 */
bool chain_place(struct chain *c, const struct line *l, struct fault *f);
bool chain_fits(const char *said, const char *made, struct fault *f);
/* And whether the seal that was made (32 hex digits) is. */
bool chain_sealed(const char *said, const char *made, struct fault *f);

/* Check one line and move on to it: true, or false with *f filled in (c is then unchanged). */
bool chain_next(struct chain *c, struct line *l, struct fault *f);

#endif
