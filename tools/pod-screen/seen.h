/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts in which nothing was found, by their hashes: a conversation comes again with each of its
 * requests, and is screened once.  Of two that want one place the later has it.
 */
#ifndef POD_SCREEN_SEEN_H
#define POD_SCREEN_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#define SEEN_MIN  128u /* bytes of a text; shorter ones are screened as fast */
#define SEEN_SUM  16u
#define SEEN_KEPT 16384u

struct seen {
	unsigned char (*sums)[SEEN_SUM]; /* NULL: nothing is remembered */
};

void seen_init(struct seen *s);
void seen_finish(struct seen *s);
/* What stands for a text, where those categories do not count; false: it is not remembered. */
bool seen_sum(const struct seen *s, unsigned without, const char *text, size_t len,
	      unsigned char sum[SEEN_SUM]);
bool seen_has(const struct seen *s, const unsigned char sum[SEEN_SUM]);
void seen_put(struct seen *s, const unsigned char sum[SEEN_SUM]);

#endif
