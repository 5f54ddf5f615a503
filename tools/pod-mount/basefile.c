/* SPDX-License-Identifier: Apache-2.0 */
/* Rewriting base files: union for squash, forgetting after commit and rollback. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/private.h"

static void put_entry(struct buf *out, const struct base_entry *en)
{
	buf_fmt(out, "%c %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u ", en->kind, en->ino,
		en->size, en->mtime_ns, en->ctime_ns, en->mode);
	for (const char *s = en->path; *s; s++) {
		if (*s == '\n')
			buf_str(out, "\\n");
		else if (*s == '\\')
			buf_str(out, "\\\\");
		else
			buf_char(out, *s);
	}
	buf_char(out, '\n');
}

static int by_path(const void *a, const void *b)
{
	const struct base_entry *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* The first entry of each path, sorted.  Caller frees the array. */
static const struct base_entry **sorted(const struct bases *b)
{
	const struct base_entry **list = xcalloc(b->n + 1, sizeof(struct base_entry *));
	size_t n = 0;

	for (size_t i = 0; i < b->nslots; i++)
		if (b->slots[i])
			list[n++] = b->slots[i];
	qsort(list, n, sizeof(*list), by_path);
	return list;
}

static bool named(const struct bases *b, const char *path, bool *exact)
{
	uint64_t start;

	return base_lookup(b, path, exact, &start) != NULL;
}

int base_merge(struct buf *out, const char *older, size_t older_len, const char *newer,
	       size_t newer_len, struct err *e)
{
	OWN_BASES struct bases old = {0}, new = {0};
	const struct base_entry **a, **b;
	bool exact;
	int r = base_parse(&old, 0, older, older_len, e);

	if (r == 0)
		r = base_parse(&new, 0, newer, newer_len, e);
	if (r < 0)
		return r;
	a = sorted(&old);
	b = sorted(&new);
	buf_fmt(out, "envpod-base 1 %" PRIu64 "\n", old.starts[0]);
	for (size_t i = 0; a[i]; i++)
		if (a[i]->kind != BASE_FORGOTTEN || !(named(&new, a[i]->path, &exact) && exact))
			put_entry(out, a[i]);
	/* What the older one says, also of an ancestor, is what the newer one was built upon. */
	for (size_t i = 0; b[i]; i++)
		if (!named(&old, b[i]->path, &exact))
			put_entry(out, b[i]);
	buf_str(out, "end\n");
	free(a);
	free(b);
	return 0;
}

int base_union(int older, int newer, int to, struct err *e)
{
	OWN_BUF struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
	int r = read_file_at(older, "base", &a, BASE_FILE_MAX);

	if (r == 0)
		r = read_file_at(newer, "base", &b, BASE_FILE_MAX);
	if (r < 0)
		return err_set(e, -r, "read the base of a layer");
	r = base_merge(&out, a.data, a.len, b.data, b.len, e);
	if (r < 0)
		return r;
	r = write_file_at(to, "base", out.data, out.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write the base of a layer") : 0;
}

/* The paths as a tree of entries, so that one lookup tells whether any is at or above another. */
static int as_set(struct bases *set, char *const *paths, size_t n, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;

	buf_str(&text, "envpod-base 1 0\n");
	for (size_t i = 0; i < n; i++) {
		struct base_entry en = {.kind = BASE_NOTHING, .path = paths[i]};

		put_entry(&text, &en);
	}
	buf_str(&text, "end\n");
	return base_parse(set, 0, text.data, text.len, e);
}

/* What is forgotten: these paths, with all below them or each by itself. */
struct forgetting {
	struct bases set;
	char *const *paths;
	size_t n;
	bool alone;
};

static bool forget_in(struct buf *out, const struct bases *b, const struct forgetting *f,
		      struct err *e)
{
	OWN_BASES struct bases kept = {0};
	const struct base_entry **list = sorted(b);
	bool exact = false, changed = false;

	buf_fmt(out, "envpod-base 1 %" PRIu64 "\n", b->starts[0]);
	for (size_t i = 0; list[i]; i++) {
		bool drop = named(&f->set, list[i]->path, &exact) && (exact || !f->alone);

		changed |= drop;
		if (!drop)
			put_entry(out, list[i]);
	}
	free(list);
	buf_str(out, "end\n");
	if (base_parse(&kept, 0, out->data, out->len, e) < 0)
		return false;
	out->len -= strlen("end\n");
	for (size_t i = 0; i < f->n; i++) {
		struct base_entry en = {.kind = BASE_FORGOTTEN, .path = f->paths[i]};

		if (!named(&kept, f->paths[i], &exact))
			continue; /* no ancestor speaks for it either */
		put_entry(out, &en);
		changed = true;
	}
	buf_str(out, "end\n");
	return changed;
}

static int write_base(const struct pod *p, struct stack *s, size_t i, const struct buf *out,
		      struct err *e)
{
	OWN_FD int dir = -1;
	int r = layer_held(p, s->v[i].id) ? layer_make_private(p, s, i, e) : 0;

	if (r < 0)
		return r;
	dir = layer_open(s->v[i].id, "");
	r = dir < 0 ? dir : write_file_at(dir, "base", out->data, out->len, 0600, false);
	return r < 0 ? err_set(e, -r, "write the base of layer %s", s->v[i].id) : 0;
}

static int forget_layer(const struct pod *p, struct stack *s, size_t i, const struct forgetting *f,
			struct err *e)
{
	OWN_FD int dir = layer_open(s->v[i].id, "");
	OWN_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	OWN_BASES struct bases b = {0};

	if (dir < 0)
		return err_set(e, -dir, "open layer %s", s->v[i].id);
	/* A torn base speaks for nothing; it stays torn. */
	if (read_file_at(dir, "base", &text, BASE_FILE_MAX) < 0 ||
	    base_parse(&b, 0, text.data ? text.data : "", text.len, e) < 0) {
		*e = (struct err){0};
		return 0;
	}
	if (!forget_in(&out, &b, f, e))
		return e->code ? -e->code : 0;
	return write_base(p, s, i, &out, e);
}

static int forget(const struct pod *p, struct stack *s, struct forgetting *f, struct err *e)
{
	int r = f->n ? as_set(&f->set, f->paths, f->n, e) : 0;

	for (size_t i = 0; r == 0 && f->n && i < s->n; i++)
		r = forget_layer(p, s, i, f, e);
	bases_finish(&f->set);
	return r;
}

int bases_forget(const struct pod *p, struct stack *s, char *const *paths, size_t n, struct err *e)
{
	struct forgetting f = {.paths = paths, .n = n};

	return forget(p, s, &f, e);
}

int bases_forget_dirs(const struct pod *p, struct stack *s, char *const *paths, size_t n,
		      struct err *e)
{
	struct forgetting f = {.paths = paths, .n = n, .alone = true};

	return forget(p, s, &f, e);
}
