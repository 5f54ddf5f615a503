/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/compare.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/whiteout.h"

static int open_tree_of(const struct run *r, unsigned site, const char *layer)
{
	OWN_FREE char *name = pod_cover_name(r->sites[site].cover);

	return layer_cover(r->pod, layer, name);
}

/* A directory under a whiteout or an opaque directory is the agent's earlier work: it is kept. */
static int keep_dir(struct run *r, int parent, const char *leaf, size_t i)
{
	OWN_FREE char *name = xfmt("p%zu", i);

	if (unlinkat(parent, leaf, AT_REMOVEDIR) == 0)
		return 0;
	return renameat2(parent, leaf, r->kept, name, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

static int prune_one(struct run *r, size_t i)
{
	const struct prune *p = &r->j->prunes[i];
	OWN_FD int tree = open_tree_of(r, p->site, p->layer), parent = -1;
	const char *leaf;
	int x;

	parent = tree < 0 ? tree : open_parent_beneath(tree, p->raw, &leaf);
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	x = unlinkat(parent, leaf, 0) < 0 ? -errno : 0;
	if (x == -EISDIR)
		x = keep_dir(r, parent, leaf, i);
	return x == -ENOENT ? 0 : x;
}

int prune_entries(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->j->nprunes; i++) {
		int x = prune_one(r, i);

		if (x < 0)
			return err_set(e, -x, "take %s out of a layer of pod %s",
				       esc(r->j->prunes[i].raw), r->pod->name);
	}
	return 0;
}

/* --- directories --- */

struct place {
	unsigned site;
	char *dir; /* within the cover */
};

struct places {
	struct place *v;
	size_t n, cap;
};

static void add_place(struct places *list, unsigned site, const char *path, size_t len)
{
	const struct place *last = list->n ? &list->v[list->n - 1] : NULL;

	if (last && last->site == site && strlen(last->dir) == len &&
	    memcmp(last->dir, path, len) == 0)
		return;
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->v = xrealloc(list->v, list->cap * sizeof(list->v[0]));
	}
	list->v[list->n++] = (struct place){site, xfmt("%.*s", (int)len, path)};
}

/* The path itself when it is a directory's, and every directory above it. */
static void add_above(struct places *list, unsigned site, const char *path, bool itself)
{
	size_t len = strlen(path);

	if (itself)
		add_place(list, site, path, len);
	while (len > 0) {
		while (len > 0 && path[len - 1] != '/')
			len--;
		if (len == 0)
			return;
		add_place(list, site, path, --len);
	}
}

/* Deepest first within a cover; the same one behind another. */
static int order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return path_order(y->dir, x->dir);
}

static bool says_nothing(struct run *r, int layer, const struct place *p)
{
	OWN_FD int mine = open_beneath(layer, p->dir, O_RDONLY | O_DIRECTORY, 0);
	OWN_FD int host =
		mine < 0 ? -1
			 : open_beneath(r->sites[p->site].host, p->dir, O_RDONLY | O_DIRECTORY, 0);
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	struct stat a, b;
	struct side pod = {-1, "", &a, &r->ids}, its = {-1, "", &b, NULL};

	if (mine < 0 || host < 0 || fstat(mine, &a) < 0 || fstat(host, &b) < 0)
		return false;
	if (dir_marks_read(mine, marks) < 0 || marks->opaque || marks->redirected)
		return false;
	return entries_differ(&pod, &its) == 0 && !xattrs_differ(mine, &r->ids, host, NULL);
}

/* The layers of one site, the upper first; held: somebody else names it too. */
struct rows {
	int *fds;
	bool *held;
	size_t n;
};

/*
 * From the bottom: what a lower layer still says must not be bared by taking away what is above.
 * True when the last of them went.
 */
static bool prune_place(struct run *r, const struct place *p, const struct rows *l)
{
	bool went = false;

	for (size_t i = l->n; i-- > 0;) {
		const char *leaf;
		struct stat st;
		int there;
		OWN_FD int parent =
			l->fds[i] < 0 ? l->fds[i] : open_parent_beneath(l->fds[i], p->dir, &leaf);

		there = parent < 0 ? parent : entry_find(parent, leaf, &st);
		if (there == 0 || is_absent(there))
			continue;
		if (there < 0 || l->held[i] || !says_nothing(r, l->fds[i], p) ||
		    unlinkat(parent, leaf, AT_REMOVEDIR) < 0)
			return false;
		went = true;
	}
	return went;
}

static void gather(const struct run *r, struct places *list)
{
	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];

		add_above(list, st->site, st->path, st->verb == STEP_META || S_ISDIR(st->mode));
	}
	for (size_t i = 0; i < r->j->nprunes; i++)
		add_above(list, r->j->prunes[i].site, r->j->prunes[i].raw, false);
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(list->v[0]), order);
}

static void rows_open(struct rows *l, const struct run *r, const struct stack *s,
		      const struct holders *h, unsigned site)
{
	l->n = s->n + 1;
	l->fds = xcalloc(l->n, sizeof(*l->fds));
	l->held = xcalloc(l->n, sizeof(*l->held));
	l->fds[0] = open_tree_of(r, site, NULL);
	for (size_t i = 1; i < l->n; i++) {
		const char *id = s->v[s->n - i].id;

		l->fds[i] = open_tree_of(r, site, id);
		l->held[i] = holders_has(h, id);
	}
}

static void rows_finish(struct rows *l)
{
	for (size_t i = 0; i < l->n; i++)
		own_close(&l->fds[i]);
	free(l->fds);
	free(l->held);
}

static void prune_site(struct run *r, const struct rows *l, const struct places *list,
		       unsigned site, struct strv *gone)
{
	const char *last = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct place *p = &list->v[i];

		if (p->site != site || !*p->dir || (last && strcmp(last, p->dir) == 0))
			continue;
		last = p->dir;
		if (prune_place(r, p, l)) {
			OWN_FREE char *path = path_clean(r->sites[site].cover, p->dir);

			strv_add(gone, path);
		}
	}
}

void prune_dirs(struct run *r, const struct stack *s, struct strv *gone)
{
	OWN_HOLDERS struct holders h = {0};
	struct places list = {0};
	struct err ignore = {0};

	if (pod_may_live(r->pod))
		return; /* its view is made of these very directories */
	h.all = holders_load(&h, r->pod, HOLDERS_NO_STACK, &ignore) < 0 || h.all;
	gather(r, &list);
	for (unsigned i = 0; i < r->j->sites.n; i++) {
		struct rows l;

		rows_open(&l, r, s, &h, i);
		prune_site(r, &l, &list, i, gone);
		rows_finish(&l);
	}
	for (size_t i = 0; i < list.n; i++)
		free(list.v[i].dir);
	free(list.v);
}
