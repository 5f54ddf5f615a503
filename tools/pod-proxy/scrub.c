/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two searches over the same bytes.  Plain patterns are found by the algorithm of Wu and Manber (A
 * Fast Algorithm for Multi-Pattern Searching, 1994).  A match with escaped bytes has a first one of
 * them: at each '%', '\\' and '&' we look whether a pattern could have got so far in plain bytes,
 * and go on from there.  So do we where a line of base64 ends, if what stands before and behind it
 * is a pair of a pattern's.  Nothing is overwritten before both are done, so that matches may
 * overlap.
 */
#include "tools/pod-proxy/scrub.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-proxy/escape.h"
#include "tools/pod-proxy/patterns.h"

#define SPANS_MAX 1024 /* more, in one piece of a stream, are joined */

struct span {
	size_t from, to;
	int id;
};

struct search {
	const struct patterns *p;
	const uint8_t *data;
	size_t len;
	struct span *spans;
	size_t n, cap;
};

static void found(struct search *s, size_t from, size_t to, int id)
{
	struct span *last = s->n ? &s->spans[s->n - 1] : NULL;

	if (last && s->n >= SPANS_MAX) {
		last->from = from < last->from ? from : last->from;
		last->to = to > last->to ? to : last->to;
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->spans = xrealloc(s->spans, s->cap * sizeof(*s->spans));
	}
	s->spans[s->n++] = (struct span){from, to, id};
}

/* Of hex, letters in either case. */
static bool same(const struct pattern *v, const uint8_t *text, const uint8_t *data, size_t n)
{
	if (v->kind != PATTERN_NOCASE)
		return memcmp(text, data, n) == 0;
	for (size_t i = 0; i < n; i++)
		if (data[i] != text[i] && (text[i] < 'a' || (data[i] | 0x20) != text[i]))
			return false;
	return true;
}

/* The patterns that stand at data[at]. */
static void look(struct search *s, size_t at)
{
	uint32_t i = s->p->index->bucket[patterns_bucket(s->data + at)];

	for (; i != PATTERNS_NONE; i = s->p->v[i].next) {
		const struct pattern *v = &s->p->v[i];

		if (v->len <= s->len - at && same(v, s->p->text + v->at, s->data + at, v->len))
			found(s, at, at + v->len, v->id);
	}
}

static void find_plain(struct search *s)
{
	size_t window = s->p->shortest, at = 0;

	while (at + window <= s->len) {
		size_t shift = s->p->index->shift[patterns_pair(s->data + at + window - 2)];

		if (!shift)
			look(s, at);
		at += shift ? shift : 1;
	}
}

/* The same place read in another way ("\\/" without its backslash) is no second match. */
static void found_escaped(struct search *s, size_t from, size_t to, int id)
{
	for (size_t i = 0; i < s->n; i++) {
		struct span *v = &s->spans[i];

		if (v->id != id || v->from >= to || from >= v->to)
			continue;
		v->from = from < v->from ? from : v->from;
		v->to = to > v->to ? to : v->to;
		return;
	}
	found(s, from, to, id);
}

static bool is_lead(uint8_t c)
{
	return c == '%' || c == '\\' || c == '&';
}

static struct escape escape_of(const struct search *s, const struct pattern *v)
{
	return (struct escape){s->p->text + v->at, v->len, v->kind == PATTERN_LINES};
}

/* A match that has come as far as its byte i by the time of data[at], all of it plain. */
static void continue_at(struct search *s, const struct pattern *v, size_t at, size_t i)
{
	const struct escape e = escape_of(s, v);
	long r;

	if (i > at || memcmp(s->data + at - i, e.text, i) != 0)
		return;
	r = escape_match(&e, i, s->data + at, s->len - at);
	if (r > 0)
		found_escaped(s, at - i, at + (size_t)r, v->id);
}

/* Matches of one pattern whose first escaped byte is `c` and stands at data[at]. */
static void continue_with(struct search *s, const struct pattern *v, size_t at, uint8_t c)
{
	const uint8_t *text = s->p->text + v->at, *from = text, *i;

	for (; (i = memchr(from, c, (size_t)(text + v->len - from))); from = i + 1)
		continue_at(s, v, at, (size_t)(i - text));
}

/* Matches of which a line ends at data[at], the first one, after a byte `before`. */
static void continue_broken(struct search *s, size_t at, uint8_t before)
{
	for (size_t i = 0; i < s->p->n; i++) {
		const struct pattern *v = &s->p->v[i];
		const uint8_t *text = s->p->text + v->at, *end = text + v->len - 1, *c = text;

		for (; v->kind == PATTERN_LINES && (c = memchr(c, before, (size_t)(end - c))); c++)
			continue_at(s, v, at, (size_t)(c + 1 - text));
	}
}

/* The n bytes that go on at data[to], without the ends of lines between them; 0 where there are no
 * more. */
static void gather(const struct search *s, size_t to, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		long line = to < s->len ? escape_line(s->data + to, s->len - to) : 0;

		to += line > 0 ? (size_t)line : 0;
		out[i] = to < s->len ? s->data[to++] : 0;
	}
}

/* Could a line of a pattern's end at data[at], and the next one begin at data[to]? */
static bool is_broken(const struct search *s, size_t at, size_t to)
{
	const uint8_t *grams = s->p->index->grams;
	uint8_t four[4];

	if (at >= 4 && patterns_bit(grams, patterns_gram(s->data + at - 4, 4)))
		return true;
	for (size_t before = 1; before < 4 && before <= at; before++) {
		memcpy(four, s->data + at - before, before);
		gather(s, to, four + before, 4 - before);
		for (size_t i = before; i < 4; i++)
			if (is_lead(four[i]))
				return true; /* one of its bytes is escaped */
		if (patterns_bit(grams, patterns_gram(four, (unsigned)before)))
			return true;
	}
	return false;
}

static void look_broken(struct search *s, size_t at)
{
	long n = at > 0 ? escape_line(s->data + at, s->len - at) : 0;
	size_t to = at + (size_t)n;

	/* Base64 has no blank lines. */
	if (n <= 0 || to >= s->len || escape_line(s->data + to, s->len - to) > 0)
		return;
	if (is_broken(s, at, to))
		continue_broken(s, at, s->data[at - 1]);
}

static void find_broken(struct search *s)
{
	const uint8_t *end = s->data + s->len, *from = s->data, *at;

	for (; (at = memchr(from, '\n', (size_t)(end - from))); from = at + 1) {
		size_t n = (size_t)(at - s->data);

		look_broken(s, n - (n > 0 && at[-1] == '\r'));
	}
}

static void look_escaped(struct search *s, size_t at)
{
	uint8_t meanings[ESCAPE_MEANINGS];
	size_t n = escape_meanings(s->data + at, s->len - at, meanings);

	for (size_t m = 0; m < n; m++) {
		for (size_t i = 0; s->p->index->inside[meanings[m]] && i < s->p->n; i++)
			if (pattern_escapes(&s->p->v[i]))
				continue_with(s, &s->p->v[i], at, meanings[m]);
		if (meanings[m] == '\n' || meanings[m] == '\r')
			look_broken(s, at);
	}
}

static void find_escaped(struct search *s, char lead)
{
	const uint8_t *end = s->data + s->len, *from = s->data, *at;

	for (; (at = memchr(from, lead, (size_t)(end - from))); from = at + 1)
		look_escaped(s, (size_t)(at - s->data));
}

/*
 * A line whose last letters, fewer than four, could be the first of a pattern's base64 is not held
 * back for that: whoever reads line by line waits for it.  The rest is found at the front of what
 * comes next, and hidden without these; there it is taken for that also where no line
 * ended before, which nobody knows any more.
 */
#define LINE_SHORT 4

static bool ends_short(const uint8_t *data, size_t len)
{
	size_t n = len > 0 && data[len - 1] == '\n' ? len - 1 : 0;

	n -= n > 0 && data[n - 1] == '\r';
	return n > 0 && n < LINE_SHORT;
}

static long match_rest(const struct search *s, const struct pattern *v, size_t from)
{
	const struct escape e = escape_of(s, v);

	if (!e.lines || (s->data[0] != e.text[from] && !is_lead(s->data[0])))
		return ESCAPE_NO;
	return escape_match(&e, from, s->data, s->len);
}

static void find_rest(struct search *s)
{
	for (size_t i = 0; i < s->p->n; i++)
		for (size_t from = 1; from < LINE_SHORT; from++) {
			long r = match_rest(s, &s->p->v[i], from);

			if (r > 0)
				found_escaped(s, 0, (size_t)r, s->p->v[i].id);
		}
}

static bool rest_begins(const struct search *s)
{
	for (size_t i = 0; i < s->p->n; i++)
		for (size_t from = 1; from < LINE_SHORT; from++)
			if (match_rest(s, &s->p->v[i], from) == ESCAPE_CUT)
				return true;
	return false;
}

/* Does an escape that is there as a whole stand for what a pattern begins with? */
static bool may_begin(const struct search *s, const uint8_t *data, size_t avail)
{
	uint8_t meanings[ESCAPE_MEANINGS];
	size_t n = escape_meanings(data, avail, meanings);
	bool any = s->p->index->first[data[0]];

	while (n-- > 0)
		any |= s->p->index->first[meanings[n]];
	return any;
}

/* Is data[at..len) the beginning of a match, and all of it? */
static bool begins(const struct search *s, size_t at)
{
	const uint8_t *data = s->data + at;
	size_t avail = s->len - at;
	bool is_short = ends_short(data, avail);

	if (is_lead(data[0]) && avail >= ESCAPE_MAX && !may_begin(s, data, avail))
		return false;
	for (size_t i = 0; i < s->p->n; i++) {
		const struct pattern *v = &s->p->v[i];
		const struct escape e = escape_of(s, v);

		if (avail < v->len && same(v, e.text, data, avail))
			return true;
		if (pattern_escapes(v) && !(is_short && e.lines) &&
		    escape_match(&e, 0, data, avail) == ESCAPE_CUT)
			return true;
	}
	return false;
}

/* Where the first match begins that may go on behind the end. */
static size_t first_open(const struct search *s)
{
	size_t reach = s->p->reach, at = s->len > reach ? s->len - reach : 0;

	for (; at + 1 < s->len; at++) {
		unsigned pair = patterns_pair(s->data + at);

		if (patterns_bit(s->p->index->starts, pair) && begins(s, at))
			return at;
	}
	return at < s->len && begins(s, at) ? at : s->len;
}

/*
 * A match that reaches into what is held back is held back, too, or its end would be passed on, or
 * spoil the other's beginning.  Where such matches make a chain without end there is nothing in it
 * but secrets, and it is overwritten.
 */
static size_t hold(const struct search *s)
{
	size_t open = rest_begins(s) ? 0 : first_open(s), at = open;
	bool moved = at < s->len;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < s->n; i++)
			if (s->spans[i].from < at && s->spans[i].to > at) {
				at = s->spans[i].from;
				moved = true;
			}
		if (s->len - at > patterns_reach(s->p))
			return open;
	}
	return at;
}

size_t scrub_run(const struct patterns *p, char *data, size_t len, bool last, bool keep,
		 scrub_hit *hit, void *arg)
{
	struct search s = {.p = p, .data = (const uint8_t *)data, .len = len};
	size_t limit;

	if (!p->n || !len)
		return len;
	find_plain(&s);
	find_escaped(&s, '%');
	find_escaped(&s, '\\');
	find_escaped(&s, '&');
	find_broken(&s);
	find_rest(&s);
	limit = last ? len : hold(&s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.spans[i].from >= limit)
			continue;
		if (hit)
			hit(arg, s.spans[i].id);
		if (!keep)
			memset(data + s.spans[i].from, '*', s.spans[i].to - s.spans[i].from);
	}
	free(s.spans);
	return limit;
}
