/* SPDX-License-Identifier: Apache-2.0 */
/* All rules over a text. */
#ifndef POD_SCREEN_SCREEN_H
#define POD_SCREEN_SCREEN_H

#include "tools/pod-screen/dfa.h"
#include "tools/pod-screen/fold.h"
#include "tools/pod-screen/rule.h"
#include "tools/pod-screen/seen.h"

#define HITS_MAX     1000u /* that are told; others are counted */
#define FRAGMENT_MAX 80u
#define WINDOW       (1u << 20)  /* a text is looked at in pieces of this size, */
#define OVERLAP      (32u << 10) /* each of which begins so far inside the one before */
#define VALID_REACH  512u        /* of a rule that validates: see screen_init() */

struct hit {
	const struct rule *rule;
	enum view view;
	uint64_t at, end; /* bytes of the text */
	char *where;      /* which text; NULL: the only one */
	char fragment[FRAGMENT_MAX +
		      1]; /* escaped; of credentials and persons only the beginning */
};

struct hits {
	struct hit *v;
	size_t n;
	uint64_t more; /* that found no room */
};

/* A rule's match that may still grow. */
struct pending {
	bool is_open;
	size_t start, end;
	unsigned located; /* how often its beginning was looked for in this piece */
};

struct screen {
	const struct ruleset *set;
	bool reveal;      /* credentials, too */
	unsigned without; /* categories that do not count now: 1 << enum category */
	struct seen seen;
	struct program programs[READINGS];
	struct dfa dfas[READINGS]; /* each is made when a text needs it */
	struct pending *pending;
	struct piece folded, decoded, other; /* memory that is used again */
};

/* Compile what is not off; -EINVAL with e set: FILE:LINE:COLUMN of the rule. */
int screen_init(struct screen *s, const struct ruleset *set, struct err *e);
/* The last part of it, where s->programs are there already. */
void screen_begin(struct screen *s, const struct ruleset *set);
void screen_finish(struct screen *s);
/*
 * Add the hits in text; where, copied, says which text it is.  base is what counts as the place of
 * its first byte.
 */
void screen_text(struct screen *s, const char *text, size_t len, uint64_t base, const char *where,
		 struct hits *hits);
void hits_finish(struct hits *h);

#endif
