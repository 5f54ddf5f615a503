/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/hunkedit.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/patchfile.h"

static void drop_from(struct hunk_edits *e, size_t n)
{
	while (e->n > n)
		buf_finish(&e->v[--e->n].lines);
}

void hunk_edits_finish(struct hunk_edits *e)
{
	drop_from(e, 0);
	free(e->v);
	*e = (struct hunk_edits){0};
}

static struct hunk_edit *add(struct hunk_edits *e, size_t a)
{
	e->v = xrealloc(e->v, (e->n + 1) * sizeof(e->v[0]));
	e->v[e->n] = (struct hunk_edit){.a0 = a, .a1 = a};
	return &e->v[e->n++];
}

void hunk_edit_offer(struct buf *out, const struct patch *p, size_t from, size_t to)
{
	buf_str(out, "# Edit this hunk by hand; what you leave is what the host will have.\n");
	patch_put_hunk(out, p, from, to);
	buf_str(out, "# ---\n"
		     "# A '-' line stays when you make it a ' ' line.\n"
		     "# A '+' line does not come when you delete it; change it as you like, or add "
		     "others.\n"
		     "# Lines that begin with # are removed. If nothing is left, the hunk is not "
		     "committed.\n");
}

/* --- reading --- */

struct reading {
	const struct patch *p;
	struct hunk_edits *edits;
	size_t a, end;    /* old lines of the hunk: the next one, and behind the last */
	size_t low, high; /* those that are not another hunk's */
	struct hunk_edit *open;
	bool cut; /* the last line that stays or comes has no newline */
	struct err *e;
};

static bool is_old(const struct reading *r, const struct hunk_line *l)
{
	const struct line *old = &r->p->a.v[r->a];

	return r->a < r->end && old->len == l->len && memcmp(old->s, l->s, l->len) == 0;
}

static int refuse(const struct reading *r, const char *why, const struct hunk_line *l)
{
	OWN_FREE char *line = xfmt("%.*s", l ? (int)(l->len < 60 ? l->len : 60) : 0, l ? l->s : "");

	line[strcspn(line, "\n")] = '\0';
	return err_set(r->e, ERR_PLAIN, "the edited hunk does not apply: %s%s%s%s", why,
		       l ? ": \"" : "", l ? esc(line) : "", l ? "\"" : "");
}

/* One line that goes or comes: the edit it belongs to. */
static struct hunk_edit *edit_here(struct reading *r)
{
	if (!r->open)
		r->open = add(r->edits, r->a);
	return r->open;
}

static int read_line(struct reading *r, const struct hunk_line *l)
{
	struct hunk_edit *edit;

	if (!strchr(" -+", l->sign) || !l->sign)
		return refuse(r, "a line begins neither with ' ' nor with '-' or '+'", NULL);
	if (l->sign != '+' && !is_old(r, l))
		return refuse(r, "this is not the host's line, and only '+' lines may be changed",
			      l);
	if (l->sign != '-' && r->cut)
		return refuse(r, "a line comes behind one that has no newline", l);
	if (l->sign != '-')
		r->cut = l->len == 0 || l->s[l->len - 1] != '\n';
	if (l->sign == ' ') {
		r->open = NULL;
		r->a++;
		return 0;
	}
	if (r->a < r->low || r->a + (l->sign == '-') > r->high)
		return refuse(r, "this line is another hunk's to change", l);
	edit = edit_here(r);
	if (l->sign == '+')
		buf_add(&edit->lines, l->s, l->len);
	else
		edit->a1 = ++r->a;
	return 0;
}

/* Without remarks, and without the line of numbers, which is ours to know. */
static void strip(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((eol ? eol + 1 : end) - text);

		if (*text != '#' && !(n > 2 && memcmp(text, "@@ ", 3) == 0))
			buf_add(out, text, n);
		text += n;
	}
	if (out->len && out->data[out->len - 1] != '\n')
		buf_char(out, '\n');
}

/* Old lines that the hunk shows, and those between its neighbours. */
static void find_bounds(struct reading *r, size_t from, size_t to)
{
	const struct patch *p = r->p;

	patch_hunk_lines(p, from, to, &r->a, &r->end);
	r->low = from > 0 ? p->runs[from - 1].a1 : 0;
	r->high = to < p->n ? p->runs[to].a0 : p->a.n;
	if (r->edits->n && r->edits->v[r->edits->n - 1].a1 > r->low)
		r->low = r->edits->v[r->edits->n - 1].a1;
}

static int finish(const struct reading *r)
{
	if (r->a < r->end)
		return refuse(r, "a line of the host is missing",
			      &(struct hunk_line){' ', r->p->a.v[r->a].s, r->p->a.v[r->a].len});
	if (r->cut && r->end < r->p->a.n)
		return refuse(r, "its last line has no newline", NULL);
	return 0;
}

int hunk_edit_read(struct hunk_edits *edits, const struct patch *p, size_t from, size_t to,
		   const char *text, size_t len, struct err *e)
{
	struct reading r = {.p = p, .edits = edits, .e = e};
	OWN_BUF struct buf body = BUF_INIT;
	struct patch_hunk h = {0};
	struct hunk_line l;
	size_t had = edits->n, at = 0;
	int x = 0;

	find_bounds(&r, from, to);
	strip(&body, text, len);
	if (body.len == 0)
		return 0;
	h.body = body.data;
	h.len = body.len;
	while (x == 0 && hunk_next(&h, &at, &l))
		x = read_line(&r, &l);
	if (x == 0)
		x = finish(&r);
	if (x < 0)
		drop_from(edits, had);
	return x < 0 ? x : edits->n > had;
}

/* --- composing --- */

static void put_lines(struct buf *out, const struct text *t, size_t from, size_t to)
{
	if (from < to)
		buf_add(out, t->v[from].s,
			(size_t)(t->v[to - 1].s + t->v[to - 1].len - t->v[from].s));
}

void hunk_edits_compose(struct buf *out, const struct patch *p, const bool *take,
			const struct hunk_edits *edits)
{
	size_t a = 0, i = 0;

	for (size_t run = 0; run <= p->n; run++) {
		size_t a0 = run < p->n ? p->runs[run].a0 : p->a.n;

		if (run < p->n && !take[run])
			continue;
		for (; i < edits->n && edits->v[i].a0 <= a0; i++) {
			put_lines(out, &p->a, a, edits->v[i].a0);
			buf_add(out, edits->v[i].lines.data ? edits->v[i].lines.data : "",
				edits->v[i].lines.len);
			a = edits->v[i].a1;
		}
		put_lines(out, &p->a, a, a0);
		if (run == p->n)
			return;
		put_lines(out, &p->b, p->runs[run].b0, p->runs[run].b1);
		a = p->runs[run].a1;
	}
}
