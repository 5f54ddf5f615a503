/* SPDX-License-Identifier: Apache-2.0 */
/* diff --stat: the columns and the scale are git's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/patches.h"

#define WIDTH 80

struct row {
	char *name;
	size_t added, removed;
	uint64_t old_size, new_size;
	bool binary;
};

struct table {
	struct row *v;
	size_t n, cap;
};

struct widths {
	size_t name, number, graph, most;
};

/* Columns of a name that is escaped already: continuation bytes stand in none. */
static size_t columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static struct row *add(struct table *t)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->v = xrealloc(t->v, t->cap * sizeof(t->v[0]));
	}
	t->v[t->n] = (struct row){0};
	return &t->v[t->n++];
}

static char *name_of(const struct survey *s, const struct change *c, const char *cwd)
{
	OWN_BUF struct buf path = BUF_INIT, name = BUF_INIT;

	if (c->twin) {
		buf_esc(&name, path_from(change_path(&s->changes.v[c->twin - 1], &path), cwd));
		buf_str(&name, " => ");
	}
	buf_esc(&name, path_from(change_path(c, &path), cwd));
	return buf_take(&name);
}

static void count_lines(struct row *r, const struct half *old, const struct half *new)
{
	OWN_PATCH struct patch p;

	patch_make(&p, old->data.data ? old->data.data : "", old->data.len,
		   new->data.data ? new->data.data : "", new->data.len);
	r->added = p.added;
	r->removed = p.removed;
}

static void count(struct table *t, const struct survey *s, const struct change *c, const char *cwd)
{
	const struct change *from = c->twin ? &s->changes.v[c->twin - 1] : c;
	struct half old = HALF_INIT, new = HALF_INIT;
	struct row *r = add(t);

	r->name = name_of(s, c, cwd);
	r->old_size = from->old_size;
	r->new_size = c->size;
	content_half(&old, s, from, SIDE_HOST);
	content_half(&new, s, c, SIDE_POD);
	r->binary = old.binary || new.binary;
	if (!r->binary)
		count_lines(r, &old, &new);
	buf_finish(&old.data);
	buf_finish(&new.data);
}

static size_t screen_width(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40 ? w.ws_col : WIDTH;
}

static struct widths measure(const struct table *t)
{
	struct widths w = {.number = 1};
	size_t width = screen_width(), room;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *r = &t->v[i];
		size_t all = r->added + r->removed, name = columns(r->name);

		w.name = name > w.name ? name : w.name;
		w.most = all > w.most ? all : w.most;
		w.number = r->binary && w.number < 3 ? 3 : w.number;
	}
	for (size_t n = w.most, digits = 0; n > 0; n /= 10)
		w.number = ++digits > w.number ? digits : w.number;
	w.graph = w.most;
	room = width - w.number - 6;
	if (w.name + w.graph <= room)
		return w;
	if (w.graph > width * 3 / 8 - w.number - 6)
		w.graph = width * 3 / 8 - w.number - 6;
	if (w.name > room - w.graph)
		w.name = room - w.graph;
	else
		w.graph = room - w.name;
	return w;
}

static size_t scale(size_t n, const struct widths *w)
{
	return n == 0 ? 0 : 1 + n * (w->graph - 1) / w->most;
}

/* Something that changed shows, however little beside the rest. */
static void put_graph(const struct row *r, const struct widths *w)
{
	size_t plus = r->added, minus = r->removed;

	if (w->most > w->graph) {
		size_t all = scale(plus + minus, w);

		if (all < 2 && plus && minus)
			all = 2;
		if (plus < minus) {
			plus = scale(plus, w);
			minus = all - plus;
		} else {
			minus = scale(minus, w);
			plus = all - minus;
		}
	}
	while (plus-- > 0)
		putchar('+');
	while (minus-- > 0)
		putchar('-');
}

/* The end of a long name tells more than its beginning. */
static void put_name(const char *name, size_t width)
{
	size_t n = columns(name);
	const char *cut = "";

	if (n > width && width > 3) {
		const char *slash;

		for (; n > width - 3; name++)
			n -= (name[1] & 0xc0) != 0x80;
		slash = strchr(name, '/');
		name = slash ? slash : name;
		cut = "...";
		n = columns(name) + 3;
	}
	printf(" %s%s%*s", cut, name, n < width ? (int)(width - n) : 0, "");
}

static void put_row(const struct row *r, const struct widths *w)
{
	put_name(r->name, w->name);
	if (r->binary) {
		printf(" | %*s %llu -> %llu bytes\n", (int)w->number, "Bin",
		       (unsigned long long)r->old_size, (unsigned long long)r->new_size);
		return;
	}
	printf(" | %*zu%s", (int)w->number, r->added + r->removed,
	       r->added + r->removed ? " " : "");
	put_graph(r, w);
	putchar('\n');
}

static void put_sum(const struct table *t)
{
	size_t added = 0, removed = 0;

	for (size_t i = 0; i < t->n; i++) {
		added += t->v[i].added;
		removed += t->v[i].removed;
	}
	printf(" %zu file%s changed", t->n, t->n == 1 ? "" : "s");
	if (added || !removed)
		printf(", %zu insertion%s(+)", added, added == 1 ? "" : "s");
	if (removed || !added)
		printf(", %zu deletion%s(-)", removed, removed == 1 ? "" : "s");
	putchar('\n');
}

void patches_stat(const struct survey *s, const char *cwd)
{
	struct table t = {0};
	struct widths w;

	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (c->chosen && !change_is_dir(c) && !(c->twin && c->kind == CHANGE_DELETED))
			count(&t, s, c, cwd);
	}
	w = measure(&t);
	for (size_t i = 0; i < t.n; i++) {
		put_row(&t.v[i], &w);
		free(t.v[i].name);
	}
	put_sum(&t);
	free(t.v);
}
