/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/spans.h"

#include <inttypes.h>

#include "libcommon/jsonw.h"

void spans_add(struct spans *s, uint64_t from, uint64_t to)
{
	s->lines += to - from + 1;
	if (s->n && s->v[s->n - 1].to + 1 == from) {
		s->v[s->n - 1].to = to;
	} else if (s->n < SPANS_MAX) {
		s->v[s->n].from = from;
		s->v[s->n++].to = to;
	}
}

void spans_join(struct spans *s, const struct spans *behind)
{
	uint64_t lines = s->lines + behind->lines;

	for (size_t i = 0; i < behind->n; i++)
		spans_add(s, behind->v[i].from, behind->v[i].to);
	s->lines = lines;
}

static uint64_t kept(const struct spans *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].to - s->v[i].from + 1;
	return n;
}

void spans_text(const struct spans *s, struct buf *b)
{
	for (size_t i = 0; i < s->n; i++) {
		buf_fmt(b, "%s%" PRIu64, i ? ", " : "", s->v[i].from);
		if (s->v[i].to != s->v[i].from)
			buf_fmt(b, "-%" PRIu64, s->v[i].to);
	}
	if (kept(s) < s->lines)
		buf_fmt(b, " and %" PRIu64 " more", s->lines - kept(s));
}

void spans_json(const struct spans *s, struct buf *b)
{
	jw_open(b, '[');
	for (size_t i = 0; i < s->n; i++) {
		jw_open(b, '[');
		jw_number(b, (int64_t)s->v[i].from);
		jw_number(b, (int64_t)s->v[i].to);
		jw_close(b, ']');
	}
	jw_close(b, ']');
}
