/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the view.  Everything is opened again after the unshare: a descriptor from the old mount
 * namespace cannot be bound or made a layer of (KERNEL-NOTES 3.1).
 */
#include "tools/pod-mount/view.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/hostsocket.h"
#include "tools/pod-mount/mirror.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/places.h"
#include "tools/pod-mount/watched.h"

static int open_dir_at(int dirfd, const char *sub, const char *cover, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/%s", sub, cover);
	int fd = open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd < 0 ? err_set(e, -fd, "open %s", path) : fd;
	if (mkdirat(dirfd, sub, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", sub);
	if (mkdirat(dirfd, path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? err_set(e, -fd, "open %s", path) : fd;
}

static int open_upper(const struct view *v, const struct cover *c, struct overlay *o, struct err *e)
{
	const struct shift shift = shift_of_plan(v->plan);
	OWN_FD int host = openat(o->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	o->upper = open_dir_at(v->pod->dir, "upper", c->name, e);
	if (o->upper < 0)
		return o->upper;
	r = host < 0 ? -errno : mirror_dir(host, o->upper, &shift);
	if (r < 0)
		return err_set(e, -r, "make upper/%s like %s", c->name, esc(c->path));
	o->work = open_dir_at(v->pod->dir, "work", c->name, e);
	return o->work < 0 ? o->work : 0;
}

/* Does a layer or the mask lie below the covered directory on its own filesystem? (KERNEL-NOTES C1)
 */
static bool holds_state(const struct view *v, const struct cover *c)
{
	const struct mount_row *row = mounts_find(v->host, pod_state_dir());
	OWN_FREE char *state = row ? mount_fspath(row, pod_state_dir()) : NULL;

	return row && row->dev == c->dev && path_below(state, c->fspath);
}

struct parts {
	struct overlay o;
	int layers[LAYERS_MAX];
};

static void parts_finish(struct parts *p)
{
	for (size_t i = 0; i < p->o.nlayers; i++)
		own_close(&p->layers[i]);
	own_close(&p->o.host);
	own_close(&p->o.mask);
	own_close(&p->o.upper);
	own_close(&p->o.work);
}

static int open_parts(const struct view *v, const struct cover *c, struct parts *p, struct err *e)
{
	OWN_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN_FREE char *mask = xfmt("mask/%s", c->name);

	p->o.host = open_beneath(root, c->path, O_PATH | O_DIRECTORY, 0);
	if (p->o.host < 0)
		return err_set(e, -p->o.host, "open %s", esc(c->path));
	p->o.mask = open_beneath(v->pod->dir, mask, O_PATH | O_DIRECTORY, 0);
	if (p->o.mask < 0 && p->o.mask != -ENOENT)
		return err_set(e, -p->o.mask, "open %s/%s", v->pod->path, mask);
	for (size_t i = v->stack->n; i-- > 0;) {
		int fd = layer_cover(v->pod, v->stack->v[i].id, c->name);

		if (fd >= 0)
			p->layers[p->o.nlayers++] = fd;
		else if (fd != -ENOENT || layer_open(v->stack->v[i].id, "") == -ENOENT)
			return err_set(e, -fd, "open layer %s of %s", v->stack->v[i].id,
				       esc(c->path));
	}
	return c->readonly ? 0 : open_upper(v, c, &p->o, e);
}

static int plain_clone(const struct overlay *o, struct err *e)
{
	bool raw;

	return clone_mapped(o->host, o->userns,
			    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID, &raw, e);
}

/* Before anything can write there. */
static void watch(const struct pod *p, int mnt)
{
	OWN_FD int group = watched_open(p);

	watched_add(group, mnt);
}

int view_cover(const struct view *v, const struct cover *c, struct err *e)
{
	OWN_FREE char *scratch = xfmt("%s/scratch", v->pod->runpath);
	OWN(parts_finish)
	struct parts p = {
		.o = {.path = c->path,
		      .host = -1,
		      .userns = v->userns,
		      .mask = -1,
		      .upper = -1,
		      .work = -1,
		      .scratch = scratch},
	};
	int mnt, r = open_parts(v, c, &p, e);

	if (r < 0)
		return r;
	p.o.layers = p.layers;
	if (c->readonly && p.o.nlayers == 0 && p.o.mask < 0)
		return plain_clone(&p.o, e);
	p.o.nested = (p.o.nlayers > 0 || p.o.mask >= 0) && holds_state(v, c);
	mnt = overlay_make(&p.o, e);
	if (mnt >= 0 && !c->readonly)
		watch(v->pod, mnt);
	if (mnt >= 0 && p.o.raw)
		say_note("%s: its filesystem cannot map ids; only files of your own are usable",
			 esc(c->path));
	return mnt;
}

static int attach_root(const struct view *v, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/root", v->pod->runpath);
	OWN_FD int mnt = view_cover(v, &v->covers->v[0], e);
	OWN_FD int dir = -1;
	int r;

	if (mnt < 0)
		return mnt;
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open %s", path);
	r = mount_attach(mnt, dir, path, e);
	if (r < 0)
		return r;
	r = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r < 0 ? err_set(e, errno, "open %s", path) : r;
}

static int build(const struct view *v, struct err *e)
{
	OWN_FD int root = attach_root(v, e);
	int r;

	if (root < 0)
		return root;
	r = bind_fresh(v, root, e);
	if (r == 0)
		r = hostsockets_attach(v, root, e);
	if (r == 0)
		r = bind_system(v, root, e);
	if (r == 0)
		r = places_attach(v, root, e);
	if (r == 0 && fchdir(root) < 0)
		r = err_set(e, errno, "enter the view");
	return r;
}

static int make_places(const struct pod *p, struct err *e)
{
	if (mkdirat(p->run, "root", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/root", p->runpath);
	if (mkdirat(p->run, "scratch", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/scratch", p->runpath);
	return 0;
}

int view_build(const struct view *v, struct err *e)
{
	OWN_FD int dir = open(v->pod->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct pod pod = *v->pod;
	struct view here = *v;
	int r = make_places(v->pod, e);

	if (r < 0)
		return r;
	if (dir < 0)
		return err_set(e, errno, "open %s", v->pod->path);
	pod.dir = dir;
	here.pod = &pod;
	return build(&here, e);
}
