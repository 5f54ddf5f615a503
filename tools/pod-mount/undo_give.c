/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a commit brought to the host becomes the pod's change again: a layer with copies of it, made
 * before the host is touched.  Where the pod has newer work, that stays as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/undo_host.h"
#include "tools/pod-mount/whiteout.h"

struct giver {
	struct undo_host *h;
	struct run *r;
	struct pile *piles; /* one a site */
	int *trees;         /* one a site, -1: not made yet */
};

static int tree_of(struct giver *g, uint32_t site)
{
	if (g->trees[site] < 0)
		g->trees[site] = give_tree(g->r, g->h->j.layers.v[0].id, g->h->j.sites.v[site]);
	return g->trees[site];
}

/* As the layer had it where that is known, else as the host has it, shifted. */
static void looks_of(const struct giver *g, const struct step *st, const struct stat *now,
		     struct looks *l)
{
	const struct id_map *ids = &g->r->ids;
	bool known = st->from_layer && st->verb == STEP_PUT;

	*l = (struct looks){
		.mode = known ? st->was_mode : now->st_mode,
		.uid = known ? st->was_uid : uid_stored(ids, now->st_uid),
		.gid = known ? st->was_gid : gid_stored(ids, now->st_gid),
		.mtime = now->st_mtim,
	};
}

static int copy_host(struct giver *g, const struct step *st, int to, const char *leaf)
{
	OWN_XATTRS struct xattrs x = {0};
	const char *from;
	OWN_FD int parent = open_parent_beneath(g->h->sites[st->site].host, st->path, &from),
		   fd = -1;
	struct looks l;
	struct stat now;
	int r = 0;

	if (parent < 0 || fstatat(parent, from, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return parent < 0 ? parent : -errno;
	looks_of(g, st, &now, &l);
	if (S_ISREG(now.st_mode) || S_ISDIR(now.st_mode)) {
		fd = openat(parent, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		r = fd < 0 ? -errno : xattrs_read_for_layer(&x, fd, &g->r->ids);
		l.xattrs = &x;
	}
	return r < 0 ? r : copy_entry(parent, from, &now, to, leaf, &l);
}

/* One path of the commit: its new entry, or a whiteout. */
static int give_path(struct giver *g, const struct step *st)
{
	OWN_FD int parent = -1;
	const char *leaf;
	bool dir;
	int tree, r;

	r = pile_speaks(&g->piles[st->site], st->path, &dir);
	if (r != 0 || dir)
		return r < 0 ? r : 0;
	tree = tree_of(g, st->site);
	r = tree < 0 ? tree : give_way(g->r, &g->piles[st->site], tree, st->path);
	/* Below what another step says already: a file, or a whiteout. */
	if (r == -ENOTDIR || r == -ELOOP)
		return 0;
	parent = r < 0 ? r : open_parent_beneath(tree, st->path, &leaf);
	if (parent < 0)
		return parent;
	r = st->verb == STEP_REMOVE ? whiteout_make(parent, leaf) : copy_host(g, st, parent, leaf);
	return r == -EEXIST ? 0 : r;
}

static int give_step(struct giver *g, size_t i, bool removals, struct err *e)
{
	const struct step *st = &g->h->u->old.steps[i];
	struct stat kept;
	int r = 1;

	if (g->h->lost[i] || (st->verb == STEP_REMOVE) != removals ||
	    (st->verb != STEP_REMOVE && st->verb != STEP_PUT && st->verb != STEP_META))
		return 0;
	if (st->verb == STEP_REMOVE)
		r = undo_kept(g->h, i, &kept);
	if (r > 0)
		r = give_path(g, st);
	return r < 0 ? run_failed(g->r, st, -r, "give back to the pod", e) : 0;
}

/* New entries, directories first; then deletions, the shallowest first. */
static int give_all(struct giver *g, struct err *e)
{
	const struct journal *old = &g->h->u->old;
	int r = 0;

	for (size_t i = 0; i < old->n && r == 0; i++)
		r = give_step(g, i, false, e);
	for (size_t i = old->n; i-- > 0 && r == 0;)
		r = give_step(g, i, true, e);
	if (r == 0 && syncfs(g->r->given) < 0)
		r = err_set(e, errno, "sync undo/%s/layers", g->h->j.id);
	return r;
}

int undo_give_changes(struct undo_host *h, struct run *r, struct err *e)
{
	struct giver g = {.h = h, .r = r};
	OWN_STACK struct stack s = {0};
	size_t n = h->j.sites.n;
	int x = stack_load(&s, &h->u->pod, e);

	g.piles = xcalloc(n + 1, sizeof(*g.piles));
	g.trees = xcalloc(n + 1, sizeof(*g.trees));
	for (size_t i = 0; i < n; i++)
		g.trees[i] = -1;
	for (size_t i = 0; i < n && x == 0; i++)
		x = pile_open(&g.piles[i], &h->u->pod, &s, h->j.sites.v[i], h->sites[i].host, e);
	if (x == 0)
		x = give_all(&g, e);
	for (size_t i = 0; i < n; i++) {
		pile_finish(&g.piles[i]);
		own_close(&g.trees[i]);
	}
	free(g.piles);
	free(g.trees);
	return x;
}
