/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/hunks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/patch.h"

static void half_finish(struct half *h)
{
	buf_finish(&h->data);
}

#define OWN_HALF OWN(half_finish)

void hunks_drop(struct hunks *h)
{
	struct hunk_choice *k = &h->v[--h->n];

	free(k->path);
	free(k->take);
	hunk_edits_finish(&k->edits);
	buf_finish(&k->composed);
}

void hunks_finish(struct hunks *h)
{
	while (h->n > 0)
		hunks_drop(h);
	free(h->v);
	*h = (struct hunks){0};
}

static struct change *change_at(const struct survey *s, const char *path)
{
	OWN_BUF struct buf text = BUF_INIT;
	size_t i = changes_find(&s->changes, path);

	return i < s->changes.n && strcmp(change_path(&s->changes.v[i], &text), path) == 0
		       ? &s->changes.v[i]
		       : NULL;
}

static bool has_content(unsigned mode)
{
	return S_ISREG(mode) || S_ISLNK(mode);
}

/* Both sides, zeros where one has no content; false when one cannot be read. */
static bool hash(const struct survey *s, const struct change *c, unsigned char old[DIGEST_BYTES],
		 unsigned char new[DIGEST_BYTES])
{
	memset(old, 0, DIGEST_BYTES);
	memset(new, 0, DIGEST_BYTES);
	return (!has_content(c->old_mode) || content_digest(s, c, SIDE_HOST, old) == 0) &&
	       (!has_content(c->mode) || content_digest(s, c, SIDE_POD, new) == 0);
}

struct hunk_choice *hunks_add(struct hunks *h, const struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	struct hunk_choice *k;

	change_path(c, &path);
	if (h->n > 0 && strcmp(h->v[h->n - 1].path, path.data) == 0)
		return &h->v[h->n - 1];
	if ((h->n & (h->n - 1)) == 0)
		h->v = xrealloc(h->v, (h->n ? 2 * h->n : 1) * sizeof(h->v[0]));
	k = &h->v[h->n++];
	*k = (struct hunk_choice){.path = buf_take(&path)};
	k->hashed = hash(s, c, k->old, k->new);
	return k;
}

/* --- by a patch --- */

struct match {
	struct hunks *h;
	const struct survey *s;
	const struct patch_file *f;
	const char *path;
	const struct change *c;
	const struct half *old, *new;
	struct err *e;
};

static int refuse(const struct match *m, size_t line, const char *what)
{
	return err_status(m->e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "nothing was committed: patch line %zu: %s: %s", line, esc(m->path),
			  what);
}

/* A run as the hunk has it: lines a0..a1 give way to some others. */
struct told {
	size_t a0, a1;
	struct buf lines;
};

static bool same_lines(const struct patch *p, const struct patch_run *r, const struct buf *lines)
{
	const char *s = lines->data;
	size_t left = lines->len;

	for (size_t b = r->b0; b < r->b1; b++) {
		const struct line *l = &p->b.v[b];

		if (l->len > left || memcmp(l->s, s, l->len) != 0)
			return false;
		s += l->len;
		left -= l->len;
	}
	return left == 0;
}

static bool take_run(struct hunk_choice *k, const struct patch *p, struct told *t)
{
	size_t lo = 0, hi = p->n;
	bool found;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->runs[mid].a0 < t->a0)
			lo = mid + 1;
		else
			hi = mid;
	}
	found = lo < p->n && p->runs[lo].a0 == t->a0 && p->runs[lo].a1 == t->a1 &&
		same_lines(p, &p->runs[lo], &t->lines) && !k->take[lo];
	if (found)
		k->take[lo] = true;
	buf_clear(&t->lines);
	return found;
}

static bool is_line(const struct patch *p, size_t a, const struct hunk_line *l)
{
	return a < p->a.n && p->a.v[a].len == l->len && memcmp(p->a.v[a].s, l->s, l->len) == 0;
}

/* All of its runs are among those that diff shows, and what is between them is what the host has.
 */
static bool take_hunk(struct hunk_choice *k, const struct patch *p, const struct patch_hunk *h)
{
	struct told t = {.lines = BUF_INIT};
	size_t a = h->from - (h->n_old > 0 && h->from > 0), at = 0;
	struct hunk_line l;
	bool open = false, good = true;

	while (good && hunk_next(h, &at, &l)) {
		if (l.sign == ' ') {
			good = is_line(p, a, &l) && (!open || take_run(k, p, &t));
			open = false;
			a++;
			continue;
		}
		if (!open)
			t = (struct told){a, a, t.lines};
		open = true;
		if (l.sign == '+') {
			buf_add(&t.lines, l.s, l.len);
			continue;
		}
		good = is_line(p, a, &l);
		t.a1 = ++a;
	}
	good = good && (!open || take_run(k, p, &t));
	buf_finish(&t.lines);
	return good;
}

static bool takes_all(const struct hunk_choice *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->take[i])
			return false;
	return true;
}

static bool takes_none(const struct hunk_choice *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->take[i])
			return false;
	return true;
}

/* May only some of its lines be taken? */
static bool can_part(const struct change *c)
{
	return c->kind == CHANGE_MODIFIED && S_ISREG(c->mode) && S_ISREG(c->old_mode);
}

static int take_lines(const struct match *m, struct hunk_choice *k)
{
	OWN_PATCH struct patch p;

	patch_make(&p, m->old->data.data ? m->old->data.data : "", m->old->data.len,
		   m->new->data.data ? m->new->data.data : "", m->new->data.len);
	if (k->take && m->c->kind != CHANGE_TYPE)
		return refuse(m, m->f->line, "it stands in the patch twice");
	free(k->take);
	k->take = xcalloc(p.n + 1, sizeof(*k->take));
	k->n = p.n;
	for (size_t i = 0; i < m->f->n; i++)
		if (!take_hunk(k, &p, &m->f->hunks[i]))
			return refuse(m, m->f->hunks[i].line,
				      "this hunk is not what diff shows now");
	if (!can_part(m->c) && !takes_all(k))
		return refuse(m, m->f->line, "this change can only be taken as a whole");
	return 0;
}

/* Nobody can see from a note that contents differ which ones were meant, but by their full names.
 */
static int check_binary(const struct match *m)
{
	char name[SHA1_HEX];
	const struct half *sides[] = {m->old, m->new};
	const char *given[] = {m->f->old_name, m->f->new_name};

	for (int i = 0; i < 2; i++) {
		bool absent = i == 0 ? m->f->created : m->f->deleted;

		if (absent)
			continue;
		git_blob_name(name, sides[i]->data.data ? sides[i]->data.data : "",
			      sides[i]->data.len);
		if (sides[i]->opaque || strcmp(name, given[i]) != 0)
			return refuse(m, m->f->line,
				      "this is not the content that diff shows now (commit it by "
				      "its path)");
	}
	return 0;
}

static int take_mode(const struct match *m, struct hunk_choice *k)
{
	const struct patch_file *f = m->f;

	if (f->created || f->deleted || !f->new_mode)
		return 0;
	if (git_mode(m->c->mode) != f->new_mode || git_mode(m->c->old_mode) != f->old_mode)
		return refuse(m, f->line, "this is not the mode that diff shows now");
	k->with_mode = true;
	return 0;
}

/* Which of both sides the part speaks of must be there. */
static int check_sides(const struct match *m, struct hunk_choice *k)
{
	const struct patch_file *f = m->f;
	bool typed = m->c->kind == CHANGE_TYPE;

	if (f->renamed)
		return refuse(m, f->line, "take renames from a diff without -M");
	if ((f->created && !m->new->mode) || (f->deleted && !m->old->mode) ||
	    (!f->created && !f->deleted && !can_part(m->c) && m->c->kind != CHANGE_MODIFIED) ||
	    (f->created && !typed && m->c->kind != CHANGE_ADDED) ||
	    (f->deleted && !typed && m->c->kind != CHANGE_DELETED))
		return refuse(m, f->line, "this is not the change that diff shows now");
	if (f->created && f->new_mode && f->new_mode != m->new->mode)
		return refuse(m, f->line, "this is not the type or mode that diff shows now");
	k->old_seen |= f->deleted;
	k->new_seen |= f->created;
	return 0;
}

/* Everything is taken, and nothing is left that a patch cannot say: an ordinary commit. */
static void settle_whole(const struct match *m, struct hunk_choice *k)
{
	unsigned left = m->c->what & ~(unsigned)WHAT_CONTENT;

	if (k->with_mode)
		left &= ~(unsigned)WHAT_MODE;
	k->whole = !can_part(m->c) || (takes_all(k) && !left);
}

static int match_file(struct match *m)
{
	struct hunk_choice *k = hunks_add(m->h, m->s, m->c);
	int r = check_sides(m, k);

	k->line = m->f->line;
	if (r == 0 && !k->hashed)
		r = refuse(m, m->f->line, "its content cannot be read");
	if (r == 0)
		r = take_mode(m, k);
	if (r == 0 && m->f->binary) {
		r = check_binary(m);
		k->whole = true;
		return r;
	}
	if (r == 0 && (m->old->binary || m->new->binary) && m->f->n > 0)
		r = refuse(m, m->f->line, "this is not text");
	if (r == 0)
		r = take_lines(m, k);
	if (r == 0)
		settle_whole(m, k);
	if (r == 0 && !k->whole && !k->with_mode && takes_none(k))
		hunks_drop(m->h);
	return r;
}

static int match_one(struct hunks *h, const struct survey *s, const struct patch_file *f,
		     const char *base, struct err *e)
{
	OWN_FREE char *path = path_clean(base, f->to && !f->deleted ? f->to
					       : f->from            ? f->from
								    : f->to);
	OWN_HALF struct half old = HALF_INIT, new = HALF_INIT;
	struct match m = {h, s, f, path, change_at(s, path), &old, &new, e};

	if (!m.c)
		return refuse(&m, f->line, "diff shows no change of it");
	/* The part of a change of type that adds, or deletes, speaks of one side only. */
	if (m.c->kind != CHANGE_TYPE || !f->created)
		content_half(&old, s, m.c, SIDE_HOST);
	if (m.c->kind != CHANGE_TYPE || !f->deleted)
		content_half(&new, s, m.c, SIDE_POD);
	return match_file(&m);
}

static int by_path(const void *a, const void *b)
{
	const struct hunk_choice *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Of a change of type both halves are meant, or none; nothing is spoken of in two places. */
static int check_all(struct hunks *h, const struct survey *s, struct err *e)
{
	if (h->n > 1)
		qsort(h->v, h->n, sizeof(h->v[0]), by_path);
	for (size_t i = 1; i < h->n; i++)
		if (strcmp(h->v[i - 1].path, h->v[i].path) == 0)
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "nothing was committed: patch line %zu: %s stands in it "
					  "twice",
					  h->v[i].line, esc(h->v[i].path));
	for (size_t i = 0; i < h->n; i++) {
		const struct hunk_choice *k = &h->v[i];
		const struct change *c = change_at(s, k->path);

		if (c->kind == CHANGE_TYPE && ((has_content(c->old_mode) && !k->old_seen) ||
					       (has_content(c->mode) && !k->new_seen)))
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "nothing was committed: patch line %zu: %s: a change of "
					  "type can only be taken as a whole",
					  k->line, esc(k->path));
	}
	return 0;
}

int hunks_match(struct hunks *h, const struct survey *s, const struct patch_files *p,
		const char *cwd, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->n && r == 0; i++)
		r = match_one(h, s, &p->v[i], p->from_root ? "/" : cwd, e);
	return r < 0 ? r : check_all(h, s, e);
}

/* --- choosing --- */

static int moved_on(const struct hunk_choice *k, struct err *e)
{
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "nothing was committed: %s changed since it was looked at", esc(k->path));
}

static int compose(struct hunk_choice *k, const struct survey *s, struct change *c, struct err *e)
{
	OWN_HALF struct half old = HALF_INIT, new = HALF_INIT;
	OWN_PATCH struct patch p = {0};

	content_half(&old, s, c, SIDE_HOST);
	content_half(&new, s, c, SIDE_POD);
	if (old.opaque || new.opaque)
		return moved_on(k, e);
	patch_make(&p, old.data.data ? old.data.data : "", old.data.len,
		   new.data.data ? new.data.data : "", new.data.len);
	if (p.n != k->n)
		return moved_on(k, e);
	buf_clear(&k->composed);
	hunk_edits_compose(&k->composed, &p, k->take, &k->edits);
	c->composed = &k->composed;
	c->with_mode = k->with_mode;
	return 0;
}

static int choose(struct hunk_choice *k, struct survey *s, struct err *e)
{
	struct change *c = change_at(s, k->path);
	unsigned char old[DIGEST_BYTES], new[DIGEST_BYTES];

	if (!c || hash(s, c, old, new) != k->hashed || memcmp(old, k->old, sizeof(old)) != 0 ||
	    memcmp(new, k->new, sizeof(new)) != 0)
		return moved_on(k, e);
	c->chosen = true;
	c->by_name = k->by_name;
	return k->whole ? 0 : compose(k, s, c, e);
}

static int not_alone(const struct change *c, const struct change *with, struct err *e)
{
	OWN_BUF struct buf a = BUF_INIT, b = BUF_INIT;

	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "nothing was committed: %s cannot be taken without %s",
			  esc(change_path(c, &a)), esc(change_path(with, &b)));
}

/* A commit of whole changes completes its choice; here nothing comes that was not chosen. */
static int check_replaced(const struct survey *s, size_t i, struct err *e)
{
	const struct change *c = &s->changes.v[i];

	for (size_t n = i + 1, end = changes_end(&s->changes, i); n < end; n++) {
		const struct change *in = &s->changes.v[n];

		if (S_ISDIR(c->mode) && in->chosen && !c->chosen)
			return not_alone(in, c, e);
		if (!S_ISDIR(c->mode) && c->chosen && !in->chosen && !change_is_dir(in))
			return not_alone(c, in, e);
	}
	return 0;
}

static int check_types(const struct survey *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->changes.n && r == 0; i++)
		if (s->changes.v[i].kind == CHANGE_TYPE)
			r = check_replaced(s, i, e);
	return r;
}

int hunks_select(const struct selection *sel, struct survey *s, bool strict, struct err *e)
{
	int r = selection_apply(sel, &s->changes, strict, e);

	for (size_t i = 0; sel->hunks && i < sel->hunks->n && r == 0; i++)
		r = choose(&sel->hunks->v[i], s, e);
	return sel->hunks && r == 0 ? check_types(s, e) : r;
}
