/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to the upstreams, until one of them has answered it: by UDP with a socket, an id and
 * a spelling of its own for each try, by TCP where the answer does not fit, by TLS where the
 * upstream is written so.  A late answer of an earlier try is as good as one of the last.
 */
#ifndef POD_DNS_ASK_H
#define POD_DNS_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/loop.h"
#include "tools/pod-dns/name.h"
#include "tools/pod-dns/upstream.h"

#define ASK_TRIES    6
#define ASK_TOTAL_MS 6000
#define ASK_MESSAGE  512 /* of ours: a name of 255 bytes and an OPT */

struct ask;

struct
try {
	struct ask *ask;
	struct upstream *up;
	struct watch watch; /* UDP socket; fd -1: none */
	struct try *next;   /* among those that wait for an answer on a stream */
	struct name sent;   /* as spelled */
	uint16_t id;
	bool in_stream, was_redone, has_edns;
	uint64_t began_ms;
};

struct ask {
	struct upstreams *us;
	struct name name;
	uint16_t type;
	/* The answer, which is well-formed up to its question, or NULL; ask may be freed in there.
	 */
	void (*done)(void *arg, const uint8_t *msg, size_t len);
	void *arg;
	uint64_t next_ms, end_ms; /* when ask_tick() has something to do */
	uint32_t asked;           /* upstreams in this round, one bit each */
	uint32_t refused;         /* those that answered with an error: not asked again */
	unsigned n_tries;
	bool is_done;
	const char *why; /* what went wrong last, for people */
	struct try tries[ASK_TRIES];
};

/* Never calls done itself: that happens from the loop or ask_tick(). */
void ask_start(struct ask *a);
void ask_tick(struct ask *a); /* at next_ms */
void ask_cancel(struct ask *a);

/* For streams: what came for this try (whole message, id and question fit), or that nothing will.
 */
void try_answered(struct try *t, uint8_t *msg, size_t len);
void try_failed(struct try *t, const char *why);

/* Is msg an answer to this try?  With exact, names must come back as they were spelled. */
enum try_match { MATCH_NO, MATCH_CASE, MATCH_YES };
enum try_match try_match(const struct try *t, const uint8_t *msg, size_t len);
/* The question as it travels; its length. */
size_t try_message(struct try *t, uint8_t out[ASK_MESSAGE]);

#endif
