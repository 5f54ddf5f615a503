/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/places.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/view.h"

struct place {
	const char *target;
	unsigned depth;
	size_t order; /* as they were found: the last of two that share a target shows */
	const struct cover *cover;
	struct bind_ask bind; /* without a cover */
};

struct places {
	const struct view *v;
	struct place *all;
	size_t n;
	int *mnt; /* of each cover, once it is made */
};

static void places_finish(struct places *p)
{
	for (size_t i = 0; i < p->n; i++)
		bind_finish(&p->all[i].bind);
	for (size_t i = 0; i < p->v->covers->n; i++)
		own_close(&p->mnt[i]);
	free(p->mnt);
	free(p->all);
}

static struct place *add(struct places *p, const char *target)
{
	struct place *new;

	p->all = xrealloc(p->all, (p->n + 1) * sizeof(*p->all));
	new = &p->all[p->n];
	*new = (struct place){.target = target, .depth = path_depth(target), .order = p->n};
	p->n++;
	return new;
}

/* A cow mount with another target shows at its source too: one directory, one set of changes. */
static void list(struct places *p)
{
	struct bind_ask b = {0};

	p->mnt = xcalloc(p->v->covers->n, sizeof(*p->mnt));
	for (size_t i = 0; i < p->v->covers->n; i++) {
		const struct cover *c = &p->v->covers->v[i];

		p->mnt[i] = -1;
		if (i > 0)
			add(p, c->target)->cover = c;
		if (i > 0 && strcmp(c->path, c->target) != 0)
			add(p, c->path)->cover = c;
	}
	for (size_t i = 0; bind_next(p->v->plan, &i, &b); b = (struct bind_ask){0}) {
		if (b.mode == BIND_COW)
			bind_finish(&b);
		else
			add(p, b.target)->bind = b;
	}
}

static int by_depth(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Below a system directory that is read-only, what the host has mounted there is, too. */
static int make_cover(const struct view *v, const struct cover *c, struct err *e)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	OWN_FD int mnt = view_cover(v, c, e);

	if (mnt >= 0 && !c->own && bind_is_system(v, c->target) &&
	    mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "make %s read-only", esc(c->target));
	return take_fd(&mnt);
}

static int attach_cover(struct places *p, const struct place *at, int root, struct err *e)
{
	int *mnt = &p->mnt[at->cover - p->v->covers->v];
	OWN_FD int target = bind_target(p->v, root, at->target, true, e);
	OWN_FD int copy = -1;

	if (target < 0)
		return target;
	if (*mnt < 0) {
		*mnt = make_cover(p->v, at->cover, e);
		return *mnt < 0 ? *mnt : mount_attach(*mnt, target, esc(at->target), e);
	}
	copy = open_tree(*mnt, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return copy < 0 ? err_set(e, errno, "clone %s", esc(at->cover->path))
			: mount_attach(copy, target, esc(at->target), e);
}

static bool is_named(const struct place *at)
{
	return !at->cover || (at->cover->own && strcmp(at->target, at->cover->target) == 0);
}

/*
 * A filesystem of the host that cannot be covered (another user's FUSE mount, vfat in some kernels)
 * is left out, loudly; what somebody named must be there.
 */
static int attach(struct places *p, const struct place *at, int root, struct err *e)
{
	int r = at->cover ? attach_cover(p, at, root, e) : bind_attach(p->v, root, &at->bind, e);

	if (r >= 0 || is_named(at))
		return r;
	if (!at->cover->own)
		say_warn("%s is empty in the pod: %s", esc(at->target), e->msg);
	*e = (struct err){0};
	return 0;
}

int places_attach(const struct view *v, int root, struct err *e)
{
	OWN(places_finish) struct places p = {.v = v};
	int r = 0;

	list(&p);
	if (p.n)
		qsort(p.all, p.n, sizeof(*p.all), by_depth);
	for (size_t i = 0; i < p.n && r == 0; i++)
		r = attach(&p, &p.all[i], root, e);
	return r;
}
