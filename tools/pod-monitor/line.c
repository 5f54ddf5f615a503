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

static void word(const char *text, size_t len, const char *key, char out[LINE_WORD])
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

static uint64_t number(const char *text, size_t len, const char *key)
{
	const char *p = find(text, len, key), *end = text + len;
	uint64_t n = 0;

	for (; p && p < end && *p >= '0' && *p <= '9' && n < UINT64_MAX / 100; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}

static const char *const token_keys[] = {
	",\"input_tokens\":", ",\"output_tokens\":", ",\"cache_read_tokens\":",
	",\"cache_write_tokens\":", ",\"thought_tokens\":"};

void line_read(struct line *l, const char *text, size_t len)
{
	*l = (struct line){.n = 0};
	word(text, len, ",\"src\":\"", l->src);
	word(text, len, ",\"event\":\"", l->event);
	if (strcmp(l->src, "queue") == 0) {
		word(text, len, ",\"name\":\"", l->name);
		word(text, len, ",\"type\":\"", l->type);
	}
	if (strcmp(l->event, "model_usage") == 0)
		for (size_t i = 0; i < sizeof(token_keys) / sizeof(token_keys[0]); i++)
			l->tokens += number(text, len, token_keys[i]);
	if (strcmp(l->event, "events_lost") == 0)
		l->n = number(text, len, ",\"n\":");
}
