/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff3: the two lists of changes are walked side by side; those that touch in the base form one
 * region, of which each side has its own text.
 */
#include "tools/pod-mount/merge3.h"

#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-mount/patch.h"

/* One side's changes, and how far they were taken. */
struct side {
	struct patch p;
	size_t at;
};

struct region {
	size_t lo, hi; /* lines of the base */
};

static const struct patch_run *next_run(const struct side *s)
{
	return s->at < s->p.n ? &s->p.runs[s->at] : NULL;
}

/* Take every change of a side that touches the region; did it grow? */
static bool take_touching(struct side *s, struct region *g)
{
	const struct patch_run *r;
	bool grew = false;

	while ((r = next_run(s)) && r->a0 <= g->hi) {
		g->hi = r->a1 > g->hi ? r->a1 : g->hi;
		s->at++;
		grew = true;
	}
	return grew;
}

/* The side's text of a region: as the base's, moved by the changes at its two ends. */
static struct region seen_by(const struct side *s, size_t first, const struct region *g)
{
	const struct patch_run *a = first < s->p.n ? &s->p.runs[first] : NULL;
	const struct patch_run *z = s->at > 0 ? &s->p.runs[s->at - 1] : NULL;
	struct region r;

	if (first == s->at) { /* none of its changes: shifted by those before */
		ptrdiff_t shift = z ? (ptrdiff_t)z->b1 - (ptrdiff_t)z->a1 : 0;

		return (struct region){(size_t)((ptrdiff_t)g->lo + shift),
				       (size_t)((ptrdiff_t)g->hi + shift)};
	}
	r.lo = a->b0 - (a->a0 - g->lo);
	r.hi = z->b1 + (g->hi - z->a1);
	return r;
}

static void put(struct buf *out, const struct text *t, size_t from, size_t to)
{
	for (; from < to; from++)
		buf_add(out, t->v[from].s, t->v[from].len);
}

/* A last line without newline must not run into the marker. */
static void put_ended(struct buf *out, const struct text *t, struct region r)
{
	put(out, t, r.lo, r.hi);
	if (out->len && out->data[out->len - 1] != '\n')
		buf_char(out, '\n');
}

static bool equal(const struct text *a, struct region x, const struct text *b, struct region y)
{
	if (x.hi - x.lo != y.hi - y.lo)
		return false;
	for (size_t i = 0; i < x.hi - x.lo; i++) {
		const struct line *l = &a->v[x.lo + i], *m = &b->v[y.lo + i];

		if (l->len != m->len || memcmp(l->s, m->s, l->len) != 0)
			return false;
	}
	return true;
}

/* 1 for a conflict. */
static size_t put_region(struct buf *out, const struct merge3 *m, const struct side *ours,
			 const struct side *theirs, const size_t first[2], const struct region *g)
{
	struct region x = seen_by(ours, first[0], g), y = seen_by(theirs, first[1], g);

	if (first[1] == theirs->at || equal(&ours->p.b, x, &theirs->p.b, y)) {
		put(out, &ours->p.b, x.lo, x.hi);
		return 0;
	}
	if (first[0] == ours->at) {
		put(out, &theirs->p.b, y.lo, y.hi);
		return 0;
	}
	if (out->len && out->data[out->len - 1] != '\n')
		buf_char(out, '\n');
	buf_fmt(out, "<<<<<<< %s\n", m->ours_name);
	put_ended(out, &ours->p.b, x);
	buf_str(out, "=======\n");
	put_ended(out, &theirs->p.b, y);
	buf_fmt(out, ">>>>>>> %s\n", m->theirs_name);
	return 1;
}

size_t merge3(struct buf *out, const struct merge3 *m)
{
	struct side ours = {.at = 0}, theirs = {.at = 0};
	size_t at = 0, conflicts = 0;

	patch_make(&ours.p, m->base, m->base_len, m->ours, m->ours_len);
	patch_make(&theirs.p, m->base, m->base_len, m->theirs, m->theirs_len);
	buf_add(out, "", 0);
	for (;;) {
		const struct patch_run *a = next_run(&ours), *b = next_run(&theirs);
		size_t first[2] = {ours.at, theirs.at};
		struct region g;
		bool more;

		if (!a && !b)
			break;
		g.lo = g.hi = !b || (a && a->a0 < b->a0) ? a->a0 : b->a0;
		do {
			more = take_touching(&ours, &g);
			more = take_touching(&theirs, &g) || more;
		} while (more);
		put(out, &ours.p.a, at, g.lo);
		conflicts += put_region(out, m, &ours, &theirs, first, &g);
		at = g.hi;
	}
	put(out, &ours.p.a, at, ours.p.a.n);
	patch_finish(&ours.p);
	patch_finish(&theirs.p);
	return conflicts;
}
