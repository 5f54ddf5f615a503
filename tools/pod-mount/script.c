/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Myers' algorithm in linear space: the furthest points reached from both ends with ever more
 * differences; where the two meet, the problem falls into two smaller ones.
 *
 * Three things keep it fast.  Equal ends are cut off and elements that the other side lacks are set
 * aside before the search.  When a search has taken COST differences, it goes on from the furthest
 * point reached instead of insisting on the best one.  And a budget of steps for the whole: texts
 * are written by agents, who may know the worst case; when it is used up, what is left is replaced.
 */
#include "tools/pod-mount/script.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

#define COST_MIN 256
#define BUDGET   (INT64_C(100) << 20)

/* One side without the elements that the other lacks. */
struct side {
	int32_t n;
	uint32_t *v;
	size_t *at; /* index of each in the whole sequence */
	bool *mark;
};

struct search {
	struct side a, b;
	int32_t *forth, *back; /* furthest index of a on each diagonal, from -b.n-1 to a.n+1 */
	int32_t cost;
	int64_t budget;
};

/* a[a0..a1) against b[b0..b1) */
struct box {
	int32_t a0, a1, b0, b1;
};

struct point {
	int32_t a, b;
};

/* A row of diagonals of one parity. */
struct span {
	int32_t min, max;
};

static void widen(struct span *s, int32_t *row, int32_t dmin, int32_t dmax, int32_t none)
{
	if (s->min > dmin)
		row[--s->min - 1] = none;
	else
		s->min++;
	if (s->max < dmax)
		row[++s->max + 1] = none;
	else
		s->max--;
}

static int32_t slide_forth(const struct search *g, const struct box *x, int32_t i, int32_t d)
{
	while (i < x->a1 && i - d < x->b1 && g->a.v[i] == g->b.v[i - d])
		i++;
	return i;
}

static int32_t slide_back(const struct search *g, const struct box *x, int32_t i, int32_t d)
{
	while (i > x->a0 && i - d > x->b0 && g->a.v[i - 1] == g->b.v[i - d - 1])
		i--;
	return i;
}

/* One more difference from the start; true when it meets what was reached from the end. */
static bool go_forth(struct search *g, const struct box *x, struct span s, const struct span *other,
		     struct point *meet)
{
	for (int32_t d = s.max; d >= s.min; d -= 2) {
		int32_t *f = &g->forth[d];
		int32_t from = f[-1] >= f[1] ? f[-1] + 1 : f[1];

		*f = slide_forth(g, x, from, d);
		g->budget -= 1 + *f - from;
		if (other && other->min <= d && d <= other->max && g->back[d] <= *f) {
			*meet = (struct point){*f, *f - d};
			return true;
		}
	}
	return false;
}

static bool go_back(struct search *g, const struct box *x, struct span s, const struct span *other,
		    struct point *meet)
{
	for (int32_t d = s.max; d >= s.min; d -= 2) {
		int32_t *b = &g->back[d];
		int32_t from = b[-1] < b[1] ? b[-1] : b[1] - 1;

		*b = slide_back(g, x, from, d);
		g->budget -= 1 + from - *b;
		if (other && other->min <= d && d <= other->max && *b <= g->forth[d]) {
			*meet = (struct point){*b, *b - d};
			return true;
		}
	}
	return false;
}

static struct point furthest_forth(const struct search *g, const struct box *x, struct span s)
{
	struct point best = {x->a0, x->b0};

	for (int32_t d = s.max; d >= s.min; d -= 2) {
		int32_t i = g->forth[d] < x->a1 ? g->forth[d] : x->a1;

		if (i - d > x->b1)
			i = x->b1 + d;
		if (i >= x->a0 && i - d >= x->b0 && 2 * (int64_t)i - d > (int64_t)best.a + best.b)
			best = (struct point){i, i - d};
	}
	return best;
}

static struct point furthest_back(const struct search *g, const struct box *x, struct span s)
{
	struct point best = {x->a1, x->b1};

	for (int32_t d = s.max; d >= s.min; d -= 2) {
		int32_t i = g->back[d] > x->a0 ? g->back[d] : x->a0;

		if (i - d < x->b0)
			i = x->b0 + d;
		if (i <= x->a1 && i - d <= x->b1 && 2 * (int64_t)i - d < (int64_t)best.a + best.b)
			best = (struct point){i, i - d};
	}
	return best;
}

/* Whichever end got further. */
static struct point furthest(const struct search *g, const struct box *x, struct span f,
			     struct span b)
{
	struct point from = furthest_forth(g, x, f), to = furthest_back(g, x, b);
	int64_t done = (int64_t)from.a - x->a0 + from.b - x->b0;
	int64_t left = (int64_t)x->a1 - to.a + x->b1 - to.b;

	return done >= left ? from : to;
}

/* A point on a shortest way through the box, or on a good one; false when the budget is used up. */
static bool middle(struct search *g, const struct box *x, struct point *p)
{
	int32_t dmin = x->a0 - x->b1, dmax = x->a1 - x->b0;
	int32_t first = x->a0 - x->b0, last = x->a1 - x->b1;
	struct span f = {first, first}, b = {last, last};
	bool odd = (first - last) & 1;

	g->forth[first] = x->a0;
	g->back[last] = x->a1;
	for (int32_t cost = 1; g->budget > 0; cost++) {
		widen(&f, g->forth, dmin, dmax, -1);
		if (go_forth(g, x, f, odd ? &b : NULL, p))
			return true;
		widen(&b, g->back, dmin, dmax, INT32_MAX);
		if (go_back(g, x, b, odd ? NULL : &f, p))
			return true;
		if (cost >= g->cost) {
			*p = furthest(g, x, f, b);
			return true;
		}
	}
	return false;
}

static void mark_all(struct search *g, const struct box *x)
{
	for (int32_t i = x->a0; i < x->a1; i++)
		g->a.mark[g->a.at[i]] = true;
	for (int32_t i = x->b0; i < x->b1; i++)
		g->b.mark[g->b.at[i]] = true;
}

static void cut_ends(const struct search *g, struct box *x)
{
	while (x->a0 < x->a1 && x->b0 < x->b1 && g->a.v[x->a0] == g->b.v[x->b0]) {
		x->a0++;
		x->b0++;
	}
	while (x->a0 < x->a1 && x->b0 < x->b1 && g->a.v[x->a1 - 1] == g->b.v[x->b1 - 1]) {
		x->a1--;
		x->b1--;
	}
}

/* A point at a corner would be no progress. */
static bool divides(const struct box *x, struct point p)
{
	return (p.a > x->a0 || p.b > x->b0) && (p.a < x->a1 || p.b < x->b1);
}

static void solve(struct search *g, struct box x)
{
	struct point p;

	for (;;) {
		cut_ends(g, &x);
		if (x.a0 == x.a1 || x.b0 == x.b1 || !middle(g, &x, &p) || !divides(&x, p)) {
			mark_all(g, &x);
			return;
		}
		solve(g, (struct box){x.a0, p.a, x.b0, p.b});
		x.a0 = p.a;
		x.b0 = p.b;
	}
}

/* --- what is set aside --- */

static uint32_t largest(const uint32_t *v, size_t n, uint32_t most)
{
	for (size_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	return most;
}

/* Keep v[i] when the other side has it; mark it otherwise. */
static void reduce(struct side *s, const uint32_t *v, size_t from, size_t to, const bool *other)
{
	s->v = xcalloc(to - from + 1, sizeof(*s->v));
	s->at = xcalloc(to - from + 1, sizeof(*s->at));
	for (size_t i = from; i < to; i++) {
		if (!other[v[i]]) {
			s->mark[i] = true;
			continue;
		}
		s->at[s->n] = i;
		s->v[s->n++] = v[i];
	}
}

static bool *present(const uint32_t *v, size_t from, size_t to, uint32_t most)
{
	bool *there = xcalloc((size_t)most + 1, 1);

	for (size_t i = from; i < to; i++)
		there[v[i]] = true;
	return there;
}

static int32_t cost_for(int64_t diagonals)
{
	int32_t cost = 1;

	while ((int64_t)cost * cost < diagonals)
		cost *= 2;
	return cost < COST_MIN ? COST_MIN : cost;
}

static void search_run(struct search *g)
{
	size_t diagonals = (size_t)g->a.n + (size_t)g->b.n + 3;
	OWN_FREE int32_t *rows = xcalloc(2 * diagonals, sizeof(*rows));

	g->forth = rows + g->b.n + 1;
	g->back = g->forth + diagonals;
	g->cost = cost_for((int64_t)diagonals);
	g->budget = BUDGET;
	solve(g, (struct box){0, g->a.n, 0, g->b.n});
}

void script_make(const uint32_t *a, size_t na, const uint32_t *b, size_t nb, bool *gone, bool *come)
{
	struct search g = {.a.mark = gone, .b.mark = come};
	uint32_t most = largest(b, nb, largest(a, na, 0));
	OWN_FREE bool *in_a = NULL, *in_b = NULL;
	size_t head = 0;

	while (head < na && head < nb && a[head] == b[head])
		head++;
	while (na > head && nb > head && a[na - 1] == b[nb - 1]) {
		na--;
		nb--;
	}
	in_a = present(a, head, na, most);
	in_b = present(b, head, nb, most);
	reduce(&g.a, a, head, na, in_b);
	reduce(&g.b, b, head, nb, in_a);
	search_run(&g);
	free(g.a.v);
	free(g.a.at);
	free(g.b.v);
	free(g.b.at);
}
