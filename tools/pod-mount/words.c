/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/words.h"

#include <stdbool.h>
#include <string.h>

#include "libcommon/own.h"

void word_escape(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (strchr(" \t\n\\", *s))
			buf_fmt(b, "\\%03o", (unsigned char)*s);
		else
			buf_char(b, *s);
	}
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

char *word_unescape(const char *s, size_t len)
{
	char *out = xcalloc(1, len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		int c = 0;

		if (s[i] == '\\' && i + 3 < len && is_octal(s + i + 1)) {
			c = (s[i + 1] - '0') * 64 + (s[i + 2] - '0') * 8 + s[i + 3] - '0';
			i += c ? 3 : 0;
		}
		*to++ = c ? (char)c : s[i];
	}
	return out;
}

size_t line_split(struct strv *out, const char *line, size_t len, size_t max)
{
	size_t i = 0;

	while (i < len && out->n < max) {
		const char *blank = memchr(line + i, ' ', len - i);
		size_t n = blank ? (size_t)(blank - line) - i : len - i;
		OWN_FREE char *word = word_unescape(line + i, n);

		if (n > 0)
			strv_add(out, word);
		i += n + 1;
	}
	return out->n;
}
