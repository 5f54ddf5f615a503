/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes within a string are escaped, so that `,"event":"` can only be a member; and those of the
 * head come before whatever a pod has said.
 */
#include "tools/pod-monitor/line.h"

#include <string.h>

static const char *find(const char *text, size_t len, const char *key)
{
	size_t n = strlen(key);
	const char *at = memmem(text, len, key, n);

	return at ? at + n : NULL;
}

void line_word(const char *text, size_t len, const char *key, char out[LINE_WORD])
{
	const char *from = find(text, len, key);
	const char *end = from ? memchr(from, '"', len - (size_t)(from - text)) : NULL;
	size_t n = end ? (size_t)(end - from) : LINE_WORD;

	out[0] = '\0';
	if (n >= LINE_WORD)
		return;
	memcpy(out, from, n);
	out[n] = '\0';
}

void line_read(struct line *l, const char *text, size_t len)
{
	*l = (struct line){.src = ""};
	line_word(text, len, ",\"src\":\"", l->src);
	line_word(text, len, ",\"event\":\"", l->event);
	if (strcmp(l->src, "queue") == 0) {
		line_word(text, len, ",\"action\":\"", l->name);
		line_word(text, len, ",\"type\":\"", l->type);
	}
}
