/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8

struct scan {
	const char *p, *end;
	int depth;
};

static bool take(struct scan *s, char c)
{
	if (s->p >= s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool take_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	return true;
}

/* The bytes behind the first of a UTF-8 sequence; -1 for one that cannot begin any. */
static int tail_bytes(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if ((c & 0xf0) == 0xe0)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

static bool take_utf8(struct scan *s)
{
	unsigned char first = (unsigned char)*s->p++, second;
	int n = tail_bytes(first);

	if (n < 0 || s->end - s->p < n)
		return false;
	second = n ? (unsigned char)*s->p : 0;
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return false; /* too long a form, a surrogate, or beyond the last character */
	for (; n > 0; n--)
		if (((unsigned char)*s->p++ & 0xc0) != 0x80)
			return false;
	return true;
}

static bool take_escape(struct scan *s)
{
	if (s->p >= s->end)
		return false;
	if (*s->p != 'u')
		return strchr("\"\\/bfnrt", *s->p++) != NULL && s->p[-1];
	s->p++;
	for (int i = 0; i < 4; i++, s->p++)
		if (s->p >= s->end || !isxdigit((unsigned char)*s->p))
			return false;
	return true;
}

static bool take_string(struct scan *s)
{
	if (!take(s, '"'))
		return false;
	while (s->p < s->end && *s->p != '"') {
		if ((unsigned char)*s->p < 0x20)
			return false;
		if (*s->p == '\\' ? (s->p++, !take_escape(s)) : !take_utf8(s))
			return false;
	}
	return take(s, '"');
}

static bool take_digits(struct scan *s)
{
	const char *begin = s->p;

	while (s->p < s->end && isdigit((unsigned char)*s->p))
		s->p++;
	return s->p > begin;
}

static bool take_number(struct scan *s)
{
	take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return false;
	if (take(s, '.') && !take_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			take(s, '-');
		return take_digits(s);
	}
	return true;
}

static bool take_value(struct scan *s);

static bool is_ours(const char *key, size_t len)
{
	return (len == 3 && memcmp(key, "seq", 3) == 0) ||
	       (len == 5 && memcmp(key, "chain", 5) == 0) ||
	       (len == 4 && memcmp(key, "seal", 4) == 0);
}

/* A key of the event itself is plain text: escaped, it could spell one of the log's. */
static bool take_member(struct scan *s)
{
	const char *key = s->p + 1;

	if (!take_string(s))
		return false;
	if (s->depth == 1 &&
	    (is_ours(key, (size_t)(s->p - 1 - key)) || memchr(key, '\\', (size_t)(s->p - 1 - key))))
		return false;
	return take(s, ':') && take_value(s);
}

static bool take_list(struct scan *s, char end, bool (*item)(struct scan *s))
{
	bool good = true;

	s->p++;
	if (++s->depth > DEPTH_MAX)
		return false;
	if (!take(s, end)) {
		do
			good = item(s);
		while (good && take(s, ','));
		good = good && take(s, end);
	}
	s->depth--;
	return good;
}

static bool take_value(struct scan *s)
{
	if (s->p >= s->end)
		return false;
	if (*s->p == '{')
		return take_list(s, '}', take_member);
	if (*s->p == '[')
		return take_list(s, ']', take_value);
	if (*s->p == '"')
		return take_string(s);
	return take_word(s, "true") || take_word(s, "false") || take_word(s, "null") ||
	       take_number(s);
}

/* "2026-01-02T03:04:05.678901Z" */
static bool take_time(struct scan *s)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";

	for (const char *f = form; *f; f++, s->p++)
		if (s->p >= s->end || (*f == '0' ? !isdigit((unsigned char)*s->p) : *s->p != *f))
			return false;
	return true;
}

static bool begins_as_event(const char *line, size_t len, const char *pod, const char *src)
{
	struct scan s = {line, line + len, 0};
	char rest[160];

	snprintf(rest, sizeof(rest), "\",\"pod\":\"%s\",\"src\":\"%s\",\"event\":\"", pod, src);
	return take_word(&s, "{\"v\":1,\"ts\":\"") && take_time(&s) && take_word(&s, rest);
}

/* A member given twice would be read in two ways: those of the beginning are given once. */
static bool repeats_head(const char *line, size_t len)
{
	static const char *const heads[] = {
		"\"v\":", "\"ts\":", "\"pod\":", "\"src\":", "\"event\":"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t n = strlen(heads[i]);
		const char *first = memmem(line, len, heads[i], n);

		if (first && memmem(first + n, len - (size_t)(first + n - line), heads[i], n))
			return true;
	}
	return false;
}

bool line_is_event(const char *line, size_t len, const char *pod, const char *src)
{
	struct scan s = {line, line + len, 0};

	if (len == 0 || len > LINE_MAX_BYTES || *line != '{')
		return false;
	return begins_as_event(line, len, pod, src) && !repeats_head(line, len) && take_value(&s) &&
	       s.p == s.end;
}

/* A quote within a string is escaped: these words can only stand where a member begins. */
bool line_freezes(const char *line, size_t len)
{
	static const char event[] = ",\"event\":\"canary\",", action[] = ",\"action\":\"freeze\"";

	return memmem(line, len, event, sizeof(event) - 1) &&
	       memmem(line, len, action, sizeof(action) - 1);
}
