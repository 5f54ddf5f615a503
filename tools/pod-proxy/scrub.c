/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two searches over the same bytes.  Plain patterns are found by the algorithm of Wu and Manber (A
 * Fast Algorithm for Multi-Pattern Searching, 1994).  A match with escaped bytes has a first one of
 * them: at each '%' and '\\' we look whether a pattern could have got so far in plain bytes, and go
 * on from there.  Nothing is overwritten before both are done, so that matches may overlap.
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

/* The patterns that stand at data[at]. */
static void look(struct search *s, size_t at)
{
	uint32_t i = s->p->index->bucket[patterns_bucket(s->data + at)];

	for (; i != PATTERNS_NONE; i = s->p->v[i].next) {
		const struct pattern *v = &s->p->v[i];

		if (v->len <= s->len - at && memcmp(s->data + at, s->p->text + v->at, v->len) == 0)
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

/* Matches of one pattern whose first escaped byte is `c` and stands at data[at]. */
static void continue_at(struct search *s, const struct pattern *v, size_t at, uint8_t c)
{
	const uint8_t *text = s->p->text + v->at, *from = text, *i;

	for (; (i = memchr(from, c, (size_t)(text + v->len - from))); from = i + 1) {
		size_t before = (size_t)(i - text);
		long r;

		if (before > at || memcmp(s->data + at - before, text, before) != 0)
			continue;
		r = escape_match(i, v->len - before, s->data + at, s->len - at);
		if (r > 0)
			found_escaped(s, at - before, at + (size_t)r, v->id);
	}
}

static void look_escaped(struct search *s, size_t at)
{
	uint8_t meanings[ESCAPE_MEANINGS];
	size_t n = escape_meanings(s->data + at, s->len - at, meanings);

	for (size_t m = 0; m < n; m++)
		for (size_t i = 0; s->p->index->inside[meanings[m]] && i < s->p->n; i++)
			if (s->p->v[i].escapes)
				continue_at(s, &s->p->v[i], at, meanings[m]);
}

static void find_escaped(struct search *s, char lead)
{
	const uint8_t *end = s->data + s->len, *from = s->data, *at;

	for (; (at = memchr(from, lead, (size_t)(end - from))); from = at + 1)
		look_escaped(s, (size_t)(at - s->data));
}

/* Is data[at..len) the beginning of a match, and all of it? */
static bool begins(const struct search *s, size_t at)
{
	const uint8_t *data = s->data + at;
	size_t avail = s->len - at;

	for (size_t i = 0; i < s->p->n; i++) {
		const struct pattern *v = &s->p->v[i];
		const uint8_t *text = s->p->text + v->at;

		if (avail < v->len && memcmp(text, data, avail) == 0)
			return true;
		if (v->escapes && escape_match(text, v->len, data, avail) == ESCAPE_CUT)
			return true;
	}
	return false;
}

/* Where the first match begins that may go on behind the end. */
static size_t first_open(const struct search *s)
{
	size_t reach = ESCAPE_MAX * s->p->longest, at = s->len > reach ? s->len - reach : 0;

	for (; at + 1 < s->len; at++) {
		unsigned pair = patterns_pair(s->data + at);

		if ((s->p->index->starts[pair / 8] >> pair % 8 & 1) && begins(s, at))
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
	size_t open = first_open(s), at = open;
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
