/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Myers' greedy algorithm: the furthest point reached on each diagonal with d differences, for
 * d = 0, 1, …; the way back through the kept rows gives the script.  Lines are compared by number:
 * equal lines of both texts get equal numbers.
 */
#include "tools/pod-mount/patch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"

#define CONTEXT   3
#define EDITS_MAX 2000 /* rows kept: 16 MiB */

struct line {
	const char *s;
	uint32_t len, number;
};

struct text {
	struct line *v;
	size_t n;
};

static size_t count_lines(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n + (len > 0 && s[len - 1] != '\n');
}

static struct text split(const char *s, size_t len)
{
	struct text t = {xcalloc(count_lines(s, len), sizeof(struct line)), 0};
	const char *end = s + len;

	while (s < end) {
		const char *eol = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((eol ? eol + 1 : end) - s);

		t.v[t.n++] = (struct line){s, (uint32_t)n, 0};
		s += n;
	}
	return t;
}

static uint32_t hash(const struct line *l)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < l->len; i++)
		h = (h ^ (unsigned char)l->s[i]) * 16777619u;
	return h;
}

struct numbers {
	const struct line **slots;
	size_t mask;
	uint32_t next;
};

static void number(struct numbers *table, struct text *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct line *l = &t->v[i];
		size_t at = hash(l) & table->mask;
		const struct line *other;

		while ((other = table->slots[at]) &&
		       (other->len != l->len || memcmp(other->s, l->s, l->len) != 0))
			at = (at + 1) & table->mask;
		if (!other)
			table->slots[at] = l;
		l->number = other ? other->number : table->next++;
	}
}

static void number_both(struct text *a, struct text *b)
{
	size_t size = 16;
	struct numbers table = {0};

	while (size < 2 * (a->n + b->n))
		size *= 2;
	table.slots = xcalloc(size, sizeof(*table.slots));
	table.mask = size - 1;
	number(&table, a);
	number(&table, b);
	free(table.slots);
}

/* Which lines go and which come: what both lack the mark of is common. */
struct script {
	const struct text *a, *b;
	bool *gone, *come;
	size_t head; /* common lines at the start, where the search begins */
};

/* Walk the rows back from the end, marking one edit each. */
static void trace_back(const struct script *s, int32_t *const *rows, int d, int32_t x, int32_t y)
{
	for (; d > 0; d--) {
		const int32_t *row = rows[d - 1] + d; /* diagonals -d..d */
		int32_t k = x - y;
		bool down = k == -d || (k != d && row[k - 1] < row[k + 1]);
		int32_t from_k = down ? k + 1 : k - 1;

		x = row[from_k];
		y = x - from_k;
		if (down)
			s->come[s->head + (size_t)y] = true;
		else
			s->gone[s->head + (size_t)x] = true;
	}
}

static int32_t slide(const struct script *s, int32_t x, int32_t y, int32_t n, int32_t m)
{
	const struct line *a = s->a->v + s->head, *b = s->b->v + s->head;

	while (x < n && y < m && a[x].number == b[y].number) {
		x++;
		y++;
	}
	return x;
}

/* The shortest script for n and m lines from head on; false when it takes too many edits. */
static bool search(const struct script *s, int32_t n, int32_t m)
{
	int32_t *rows[EDITS_MAX + 1] = {0};
	OWN_FREE int32_t *v = xcalloc(2 * EDITS_MAX + 5, sizeof(*v));
	int32_t *mid = v + EDITS_MAX + 2;
	bool found = false;
	int kept = 0;

	for (int32_t d = 0; d <= EDITS_MAX && !found; d++) {
		for (int32_t k = -d; k <= d && !found; k += 2) {
			int32_t x = k == -d || (k != d && mid[k - 1] < mid[k + 1]) ? mid[k + 1]
										   : mid[k - 1] + 1;

			if (d == 0)
				x = 0;
			mid[k] = slide(s, x, x - k, n, m);
			found = mid[k] >= n && mid[k] - k >= m;
			if (found)
				trace_back(s, rows, d, mid[k], mid[k] - k);
		}
		/* The row the next d looks back at: diagonals -d-1 .. d+1. */
		rows[d] = xcalloc((size_t)(2 * d + 3), sizeof(int32_t));
		memcpy(rows[d], mid - d - 1, (size_t)(2 * d + 3) * sizeof(int32_t));
		kept = d;
	}
	for (int i = 0; i <= kept; i++)
		free(rows[i]);
	return found;
}

static void mark_all(bool *v, size_t from, size_t to)
{
	while (from < to)
		v[from++] = true;
}

static void make_script(struct script *s)
{
	size_t n = s->a->n, m = s->b->n;

	while (s->head < n && s->head < m && s->a->v[s->head].number == s->b->v[s->head].number)
		s->head++;
	while (n > s->head && m > s->head && s->a->v[n - 1].number == s->b->v[m - 1].number) {
		n--;
		m--;
	}
	if (n == s->head || m == s->head || n > INT32_MAX || m > INT32_MAX ||
	    !search(s, (int32_t)(n - s->head), (int32_t)(m - s->head))) {
		mark_all(s->gone, s->head, n);
		mark_all(s->come, s->head, m);
	}
}

/* --- writing --- */

static void put_line(struct buf *out, char sign, const struct line *l)
{
	buf_char(out, sign);
	buf_add(out, l->s, l->len);
	if (l->s[l->len - 1] != '\n')
		buf_str(out, "\n\\ No newline at end of file\n");
}

struct place {
	size_t a, b;
};

/* Over one run of changed lines. */
static struct place skip_change(const struct script *s, struct place p)
{
	while (p.a < s->a->n && s->gone[p.a])
		p.a++;
	while (p.b < s->b->n && s->come[p.b])
		p.b++;
	return p;
}

static bool is_change(const struct script *s, struct place p)
{
	return (p.a < s->a->n && s->gone[p.a]) || (p.b < s->b->n && s->come[p.b]);
}

static struct place next_change(const struct script *s, struct place p)
{
	while (p.a < s->a->n && p.b < s->b->n && !is_change(s, p)) {
		p.a++;
		p.b++;
	}
	return p;
}

/* Behind the last change of the hunk that begins at p: gaps of up to twice the context are in it.
 */
static struct place hunk_end(const struct script *s, struct place p)
{
	struct place end = skip_change(s, p);

	for (;;) {
		struct place next = next_change(s, end);

		if (!is_change(s, next) || next.a - end.a > 2 * CONTEXT)
			return end;
		end = skip_change(s, next);
	}
}

static void put_range(struct buf *out, char sign, size_t from, size_t n)
{
	buf_fmt(out, "%c%zu", sign, n == 0 ? from : from + 1);
	if (n != 1)
		buf_fmt(out, ",%zu", n);
	buf_char(out, ' ');
}

static void put_body(struct buf *out, const struct script *s, struct place p, struct place end)
{
	while (p.a < end.a || p.b < end.b) {
		if (p.a < end.a && s->gone[p.a])
			put_line(out, '-', &s->a->v[p.a++]);
		else if (p.b < end.b && s->come[p.b])
			put_line(out, '+', &s->b->v[p.b++]);
		else {
			put_line(out, ' ', &s->a->v[p.a++]);
			p.b++;
		}
	}
}

static void put_hunk(struct buf *out, const struct script *s, struct place p, struct place end)
{
	size_t before = p.a < CONTEXT ? p.a : CONTEXT;
	size_t after = s->a->n - end.a < CONTEXT ? s->a->n - end.a : CONTEXT;

	p.a -= before;
	p.b -= before;
	end.a += after;
	end.b += after;
	buf_str(out, "@@ ");
	put_range(out, '-', p.a, end.a - p.a);
	put_range(out, '+', p.b, end.b - p.b);
	buf_str(out, "@@\n");
	put_body(out, s, p, end);
}

static void put_hunks(struct buf *out, const struct script *s)
{
	struct place p = next_change(s, (struct place){0, 0});

	while (is_change(s, p)) {
		struct place end = hunk_end(s, p);

		put_hunk(out, s, p, end);
		p = next_change(s, end);
	}
}

void patch_lines(struct buf *out, const char *old, size_t old_len, const char *new, size_t new_len,
		 struct patch_stat *stat)
{
	struct text a = split(old, old_len), b = split(new, new_len);
	OWN_FREE bool *gone = xcalloc(a.n + 1, 1), *come = xcalloc(b.n + 1, 1);
	struct script s = {.a = &a, .b = &b, .gone = gone, .come = come};

	number_both(&a, &b);
	make_script(&s);
	for (size_t i = 0; i < a.n; i++)
		stat->removed += gone[i];
	for (size_t i = 0; i < b.n; i++)
		stat->added += come[i];
	if (out)
		put_hunks(out, &s);
	free(a.v);
	free(b.v);
}
