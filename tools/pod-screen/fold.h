/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One spelling for all that a reader, or a model, takes for the same: compatibility forms, accents,
 * capitals, look-alikes of other scripts, what cannot be seen.  Patterns and texts go through the
 * same fold, so a rule in any script matches its own.
 */
#ifndef POD_SCREEN_FOLD_H
#define POD_SCREEN_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_CHAR_MAX 128

/* A text made out of another, and for each byte of it where in the original it came from. */
struct piece {
	char *text;
	uint32_t *from;
	size_t len, cap;
};

void piece_finish(struct piece *p);
void piece_clear(struct piece *p);
void piece_room(struct piece *p, size_t more); /* room for so many bytes */
void piece_add(struct piece *p, const char *bytes, size_t len, uint32_t from);

static inline void piece_put(struct piece *p, char c, uint32_t from)
{
	if (p->len == p->cap)
		piece_room(p, 1);
	p->text[p->len] = c;
	p->from[p->len++] = from;
}

/* The blanks that separate words. */
static inline bool is_blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What stands between parts of a text that have nothing to do with each other. */
#define PIECE_APART '\x01'

/* Where the byte at i came from; at the end of the piece, the place after the last one. */
size_t piece_from(const struct piece *p, size_t i);

/*
 * Fold text; from[i] is where its byte i came from, NULL: i itself.  White space becomes one blank,
 * or one newline where there was any.
 */
void fold(struct piece *out, const char *text, size_t len, const uint32_t *from);
/* The single character at bytes, of len bytes, into out; the length of it, 0 where nothing is left.
 */
size_t fold_char(const char *bytes, size_t len, char out[FOLD_CHAR_MAX]);

/* The character that looks like c (lower case) in Latin, or c. */
uint32_t lookalike(uint32_t c);

#endif
