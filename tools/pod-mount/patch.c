/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/patch.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-mount/script.h"

#define CONTEXT      3
#define HEADING_BACK 2000 /* lines looked at for the heading of a hunk */
#define HEADING_MAX  80
#define INDENT_MAX   200
#define SLIDE_MAX    1000 /* places looked at for one run */

/* --- lines --- */

static size_t count_lines(const char *s, size_t len)
{
	size_t n = 0;
	const char *end = s + len;

	for (const char *p = s; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n + (len > 0 && s[len - 1] != '\n');
}

static struct text split(const char *s, size_t len)
{
	struct text t = {xcalloc(count_lines(s, len) + 1, sizeof(struct line)), 0};
	const char *end = s + len;

	while (s < end) {
		const char *eol = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((eol ? eol + 1 : end) - s);

		t.v[t.n++] = (struct line){s, (uint32_t)n, 0};
		s += n;
	}
	return t;
}

struct numbers {
	const struct line **slots;
	size_t mask;
	uint32_t next;
	unsigned char key[crypto_shorthash_KEYBYTES]; /* no agent knows what will collide */
};

static size_t slot(const struct numbers *table, const struct line *l)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t h;

	crypto_shorthash(out, (const unsigned char *)l->s, l->len, table->key);
	memcpy(&h, out, sizeof(h));
	return h & table->mask;
}

static void number(struct numbers *table, struct text *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct line *l = &t->v[i];
		size_t at = slot(table, l);
		const struct line *other;

		while ((other = table->slots[at]) &&
		       (other->len != l->len || memcmp(other->s, l->s, l->len) != 0))
			at = (at + 1) & table->mask;
		if (!other)
			table->slots[at] = l;
		l->number = other ? other->number : table->next++;
	}
}

/* Equal lines of both texts get equal numbers, in the order in which they come. */
static void number_both(struct text *a, struct text *b)
{
	size_t size = 16;
	struct numbers table = {0};

	while (size < 2 * (a->n + b->n))
		size *= 2;
	table.slots = xcalloc(size, sizeof(*table.slots));
	table.mask = size - 1;
	crypto_shorthash_keygen(table.key);
	number(&table, a);
	number(&table, b);
	free(table.slots);
}

static uint32_t *numbers_of(const struct text *t)
{
	uint32_t *v = xcalloc(t->n + 1, sizeof(*v));

	for (size_t i = 0; i < t->n; i++)
		v[i] = t->v[i].number;
	return v;
}

/* --- where a run stands best --- */

/* Columns before the first word; a blank line counts as the one behind it, and a little more. */
static unsigned indent(const struct text *t, size_t i)
{
	for (unsigned blank = 0; i < t->n && blank < 10; i++, blank++) {
		unsigned columns = 0;

		for (uint32_t k = 0; k < t->v[i].len && columns < INDENT_MAX; k++) {
			char c = t->v[i].s[k];

			if (c == '\n' || c == '\r')
				break;
			if (c != ' ' && c != '\t')
				return columns + (blank > 0);
			columns += c == '\t' ? 8 - columns % 8 : 1;
		}
	}
	return 0;
}

/*
 * A run of lines that only come, or only go, can often stand a few lines higher or lower and mean
 * the same.  Best is where it begins and ends at the outermost level: a new function is then shown
 * from its first line to its last.  Of equally good places the lowest.
 */
static void slide(const struct text *t, bool *mark, size_t *from, size_t *to)
{
	size_t n = *to - *from, first = *from, best, place;
	unsigned cost, least = UINT32_MAX;

	for (unsigned k = 0; k < SLIDE_MAX && first > 0 && !mark[first - 1] &&
			     t->v[first - 1].number == t->v[first + n - 1].number;
	     k++)
		first--;
	best = first;
	for (place = first; place < first + 2 * SLIDE_MAX; place++) {
		cost = indent(t, place) + indent(t, place + n);
		if (cost <= least) {
			least = cost;
			best = place;
		}
		if (place + n >= t->n || (place + n >= *to && mark[place + n]) ||
		    t->v[place].number != t->v[place + n].number)
			break;
	}
	memset(mark + *from, false, n);
	memset(mark + best, true, n);
	*from = best;
	*to = best + n;
}

/* Past `lines` common lines of a text, down or up; what changes between them is passed, too. */
static size_t go_along(const struct text *t, const bool *mark, size_t at, ptrdiff_t lines)
{
	for (; lines > 0 && at < t->n; lines--, at++)
		while (at + 1 < t->n && mark[at])
			at++;
	for (; lines < 0 && at > 0; lines++, at--)
		while (at > 1 && mark[at - 1])
			at--;
	return at;
}

/* `still` says which lines of the other text change: a run that stands against some stays there. */
static void slide_all(const struct text *t, bool *mark, const struct text *other, const bool *still)
{
	size_t at = 0; /* in the other text, beside i */

	for (size_t i = 0; i < t->n; i++) {
		size_t end = i;

		while (at < other->n && still[at])
			at++;
		while (end < t->n && mark[end])
			end++;
		if (end == i) {
			at += at < other->n;
			continue;
		}
		if ((at == 0 || !still[at - 1]) && (at >= other->n || !still[at])) {
			size_t was = i;

			slide(t, mark, &i, &end);
			at = go_along(other, still, at, (ptrdiff_t)i - (ptrdiff_t)was);
		}
		i = end - 1;
	}
}

/* --- runs --- */

static void add_run(struct patch *p, size_t *cap, struct patch_run r)
{
	if (p->n == *cap) {
		*cap = *cap ? 2 * *cap : 16;
		p->runs = xrealloc(p->runs, *cap * sizeof(p->runs[0]));
	}
	p->runs[p->n++] = r;
	p->removed += r.a1 - r.a0;
	p->added += r.b1 - r.b0;
}

static void find_runs(struct patch *p, const bool *gone, const bool *come)
{
	size_t cap = 0, a = 0, b = 0;

	while (a < p->a.n || b < p->b.n) {
		struct patch_run r = {a, a, b, b};

		while (r.a1 < p->a.n && gone[r.a1])
			r.a1++;
		while (r.b1 < p->b.n && come[r.b1])
			r.b1++;
		if (r.a1 > r.a0 || r.b1 > r.b0)
			add_run(p, &cap, r);
		a = r.a1 + 1;
		b = r.b1 + 1;
	}
}

void patch_make(struct patch *p, const char *old, size_t old_len, const char *new, size_t new_len)
{
	OWN_FREE bool *gone = NULL, *come = NULL;
	OWN_FREE uint32_t *a = NULL, *b = NULL;

	*p = (struct patch){.a = split(old, old_len), .b = split(new, new_len)};
	gone = xcalloc(p->a.n + 1, 1);
	come = xcalloc(p->b.n + 1, 1);
	number_both(&p->a, &p->b);
	a = numbers_of(&p->a);
	b = numbers_of(&p->b);
	script_make(a, p->a.n, b, p->b.n, gone, come);
	slide_all(&p->a, gone, &p->b, come);
	slide_all(&p->b, come, &p->a, gone);
	find_runs(p, gone, come);
}

void patch_finish(struct patch *p)
{
	free(p->a.v);
	free(p->b.v);
	free(p->runs);
	*p = (struct patch){0};
}

/* --- writing --- */

static void put_line(struct buf *out, char sign, const struct line *l)
{
	buf_char(out, sign);
	buf_add(out, l->s, l->len);
	if (l->s[l->len - 1] != '\n')
		buf_str(out, "\n\\ No newline at end of file\n");
}

static void put_range(struct buf *out, char sign, size_t from, size_t n)
{
	buf_fmt(out, "%c%zu", sign, n == 0 ? from : from + 1);
	if (n != 1)
		buf_fmt(out, ",%zu", n);
	buf_char(out, ' ');
}

/* The line that says which function, section or class this is, as git guesses it. */
static void put_heading(struct buf *out, const struct text *t, size_t before)
{
	for (size_t i = before, k = 0; i-- > 0 && k < HEADING_BACK; k++) {
		const struct line *l = &t->v[i];
		size_t n = l->len < HEADING_MAX ? l->len : HEADING_MAX;

		if (!isalpha((unsigned char)l->s[0]) && l->s[0] != '_' && l->s[0] != '$')
			continue;
		while (n > 0 && n < l->len && (l->s[n] & 0xc0) == 0x80)
			n--; /* not in the middle of a character */
		while (n > 0 && isspace((unsigned char)l->s[n - 1]))
			n--;
		buf_char(out, ' ');
		buf_add(out, l->s, n);
		return;
	}
}

size_t patch_hunk_end(const struct patch *p, size_t i)
{
	for (i++; i < p->n && p->runs[i].a0 - p->runs[i - 1].a1 <= 2 * CONTEXT; i++)
		;
	return i;
}

void patch_hunk_lines(const struct patch *p, size_t i, size_t end, size_t *a, size_t *a_end)
{
	size_t first = p->runs[i].a0, last = p->runs[end - 1].a1, left = p->a.n - last;

	*a = first - (first < CONTEXT ? first : CONTEXT);
	*a_end = last + (left < CONTEXT ? left : CONTEXT);
}

void patch_put_hunk(struct buf *out, const struct patch *p, size_t i, size_t end)
{
	const struct patch_run *first = &p->runs[i], *last = &p->runs[end - 1];
	size_t a, a_end, before, after;

	patch_hunk_lines(p, i, end, &a, &a_end);
	before = first->a0 - a;
	after = a_end - last->a1;
	buf_str(out, "@@ ");
	put_range(out, '-', a, a_end - a);
	put_range(out, '+', first->b0 - before, last->b1 + after - (first->b0 - before));
	buf_str(out, "@@");
	put_heading(out, &p->a, a);
	buf_char(out, '\n');
	for (; i < end; i++) {
		const struct patch_run *r = &p->runs[i];

		while (a < r->a0)
			put_line(out, ' ', &p->a.v[a++]);
		for (; a < r->a1; a++)
			put_line(out, '-', &p->a.v[a]);
		for (size_t b = r->b0; b < r->b1; b++)
			put_line(out, '+', &p->b.v[b]);
	}
	while (a < a_end)
		put_line(out, ' ', &p->a.v[a++]);
}

void patch_put(struct buf *out, const struct patch *p)
{
	for (size_t i = 0, end; i < p->n; i = end) {
		end = patch_hunk_end(p, i);
		patch_put_hunk(out, p, i, end);
	}
}
