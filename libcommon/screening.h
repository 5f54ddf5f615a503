/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the injector asks pod-screen about the body of a request, and what it hears: one question a
 * connection of RUN/NAME/net/screen, in lines.
 *	screen LENGTH CATEGORY,CATEGORY		"*": all of them; then LENGTH bytes of body
 *	screened API understood|broken MORE	MORE hits are not told
 *	hit CATEGORY SEVERITY RULE		SCREEN_HITS at most, each rule once
 *	end
 * The answer tells names of rules, never the text: each side takes the other for hostile.
 */
#ifndef LIBCOMMON_SCREENING_H
#define LIBCOMMON_SCREENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

#define SCREEN_SOCKET   "screen"    /* in RUN/NAME/net */
#define SCREEN_BODY     (32u << 20) /* bytes of a body: as large as the known APIs take one */
#define SCREEN_QUESTION 128u        /* bytes of its line at most */
#define SCREEN_LIST     80u         /* of its categories */
#define SCREEN_ANSWER   4096u       /* bytes of an answer at most */
#define SCREEN_HITS     16u
#define SCREEN_WORD     72u /* of a rule's, category's or API's name, with its NUL */

struct screen_question {
	size_t length;
	char categories[SCREEN_LIST + 1]; /* "*", or words with commas between them */
};

struct screen_hit {
	char category[SCREEN_WORD], severity[SCREEN_WORD], rule[SCREEN_WORD];
};

struct screen_answer {
	char api[SCREEN_WORD];
	bool understood;
	uint64_t more;
	size_t n;
	struct screen_hit hits[SCREEN_HITS];
};

/* The line of a question, with its newline. */
void screening_ask(struct buf *b, const struct screen_question *q);
/* Bytes of the line at the beginning of data; -EAGAIN: it is not whole; -EBADMSG. */
int screening_read_question(const char *data, size_t len, struct screen_question *q);
void screening_answer(struct buf *b, const struct screen_answer *a);
/* 0; -EAGAIN: it is not whole; -EBADMSG. */
int screening_read_answer(const char *data, size_t len, struct screen_answer *a);
/* Is it a name of ours: letters, digits and '-', SCREEN_WORD - 1 of them at most? */
bool screening_is_word(const char *s);
/* "*", or such words with commas between them, SCREEN_LIST bytes at most? */
bool screening_is_list(const char *s);

#endif
