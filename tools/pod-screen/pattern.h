/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of rules, and the program that finds all of them in one pass: Thompson's construction,
 * without back-references or look-around, so that no text can take more than linear time.  The
 * syntax is in envpod-screen(5).
 */
#ifndef POD_SCREEN_PATTERN_H
#define POD_SCREEN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define PATTERN_MAX   16384u  /* bytes of one pattern, its words put in */
#define PROGRAM_MAX   200000u /* instructions of one program */
#define PATTERN_DEPTH 50u     /* of groups */
#define SET_HASH      1024u
#define REACH_MAX     4096u /* where a pattern may match any length: how far back it is looked for */

enum op {
	OP_SET,   /* one byte of a set, then next */
	OP_SPLIT, /* both next and other */
	OP_JUMP,
	OP_WORD,   /* here a word begins or ends */
	OP_INSIDE, /* here none does */
	OP_BEGIN,  /* of a line */
	OP_END,    /* of a line */
	OP_MATCH,  /* .next is the number of the pattern */
};

struct inst {
	enum op op;
	uint32_t next, other;
	uint32_t set;
};

struct byteset {
	uint64_t bits[4];
};

static inline bool set_has(const struct byteset *s, unsigned char c)
{
	return s->bits[c >> 6] >> (c & 63) & 1;
}

/* How patterns are read: which texts the program is for. */
enum reading {
	READ_RAW,      /* bytes as they are */
	READ_TEXT,     /* what fold() makes; a blank is any white space */
	READ_LEET,     /* the same, where digits may stand for letters */
	READ_SQUEEZED, /* the same, without blanks and ends of words */
	READINGS
};

struct program {
	enum reading reading;
	struct inst *insts;
	struct byteset *sets;
	uint32_t *starts; /* of each pattern */
	uint32_t *ids;    /* what the caller calls it */
	uint32_t *reach;  /* its longest match, at most REACH_MAX */
	size_t n, n_sets, n_patterns;
	bool word[256];            /* bytes that words are made of */
	uint32_t recent[SET_HASH]; /* numbers of sets, plus one: where to look first */
};

void program_init(struct program *p, enum reading reading);
void program_finish(struct program *p);
/*
 * Add a pattern that the caller calls id; ignore_case counts for READ_RAW, the others have none.
 * -EINVAL with e set, and in *at the byte of text where it is wrong.
 */
int program_add(struct program *p, const char *text, bool ignore_case, uint32_t id, size_t *at,
		struct err *e);

#endif
