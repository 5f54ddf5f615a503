/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "libcommon/own.h"

static bool is_odd(unsigned char c)
{
	return c <= ' ' || c == '\\' || c == 0x7f;
}

/* The byte that stands as \OOO at s, or -1. */
static int octal(const char *s, const char *end)
{
	int c = 0;

	if (end - s < 4)
		return -1;
	for (int i = 1; i < 4; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		c = c * 8 + s[i] - '0';
	}
	return c > 0 && c < 0x100 && is_odd((unsigned char)c) ? c : -1;
}

static int add_word(struct strv *s, const char *at, const char *end)
{
	OWN_BUF struct buf word = BUF_INIT;

	if (at == end)
		return -EINVAL;
	for (; at < end; at++) {
		int c = (unsigned char)*at;

		if (is_odd((unsigned char)c)) {
			c = c == '\\' ? octal(at, end) : -1;
			at += 3;
		}
		if (c < 0)
			return -EINVAL;
		buf_char(&word, (char)c);
	}
	strv_add(s, word.data);
	return 0;
}

int words_split(struct strv *s, const char *value)
{
	for (;;) {
		const char *end = strchrnul(value, ' ');
		int r = add_word(s, value, end);

		if (r < 0 || !*end)
			return r;
		value = end + 1;
	}
}

void words_add(struct buf *b, const char *word)
{
	if (b->len)
		buf_char(b, ' ');
	for (; *word; word++) {
		if (is_odd((unsigned char)*word))
			buf_fmt(b, "\\%03o", (unsigned char)*word);
		else
			buf_char(b, *word);
	}
}
