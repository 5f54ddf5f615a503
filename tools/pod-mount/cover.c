/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/cover.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/mask.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/source.h"

void covers_finish(struct covers *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].path);
		free(c->v[i].name);
		free(c->v[i].target);
		free(c->v[i].fspath);
	}
	free(c->v);
	*c = (struct covers){0};
}

static bool below_any(const char *path, const char *const *dirs)
{
	for (; *dirs; dirs++)
		if (path_below(path, *dirs))
			return true;
	return false;
}

/* What the pod gets its own of, or must never see. */
static bool never_shown(const char *path)
{
	const char *const dirs[] = {"/proc", "/sys", "/dev", pod_state_dir(), pod_run_dir(), NULL};

	return below_any(path, dirs);
}

/* The view has a fresh tmpfs there; what is asked for by name is put on top of it. */
static bool on_tmpfs(const char *path)
{
	static const char *const dirs[] = {"/tmp", "/run", NULL};

	return below_any(path, dirs);
}

static struct cover *find_exact(const struct covers *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].path, path) == 0)
			return &c->v[i];
	return NULL;
}

static int add(struct covers *c, const struct mount_row *row, const char *path, const char *target,
	       struct err *e)
{
	OWN_FREE char *name = pod_cover_name(path);

	if (c->n == COVERS_MAX)
		return err_set(e, ERR_PLAIN, "more than %d filesystems and directories to cover",
			       COVERS_MAX);
	if (strlen(name) > 255)
		return err_set(e, ENAMETOOLONG, "cover %s: the path is too long", esc(path));
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n++] = (struct cover){
		.path = xstrdup(path),
		.name = take_ptr(name),
		.target = xstrdup(target),
		.dev = row->dev,
		.fspath = mount_fspath(row, path),
		.own = strcmp(row->point, path) != 0,
		.readonly = row->readonly && path[1] && strcmp(row->point, path) == 0,
	};
	return 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_masked(const struct cover_ask *ask, const char *path)
{
	return ask->mask && mask_covers(ask->mask, path);
}

static const struct mount_row *around(const struct mounts *m, const struct mount_row *row)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].id == row->parent && &m->v[i] != row)
			return &m->v[i];
	return NULL;
}

/* A directory bound onto itself shows nothing that the mount around it does not. */
static bool is_self_bind(const struct mounts *m, const struct mount_row *row)
{
	const struct mount_row *outer = around(m, row);
	OWN_FREE char *fspath = NULL;

	if (!outer || outer->dev != row->dev || !path_below(row->point, outer->point))
		return false;
	fspath = mount_fspath(outer, row->point);
	return strcmp(fspath, row->root) == 0;
}

/* Every real filesystem of the host that the pod may see, the root among them. */
static int add_host(struct covers *c, const struct cover_ask *ask, struct err *e)
{
	for (size_t i = 0; i < ask->host->n; i++) {
		const struct mount_row *row = &ask->host->v[i];
		int r;

		if (!mount_is_real(row) || never_shown(row->point) || on_tmpfs(row->point) ||
		    is_masked(ask, row->point) || find_exact(c, row->point) ||
		    is_self_bind(ask->host, row) || !mount_visible(ask->host, i) ||
		    !is_dir(row->point))
			continue;
		r = add(c, row, row->point, row->point, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Is a directory of the host seen at its own path already? */
static bool is_shown(const struct covers *c, const struct cover_ask *ask, const char *path)
{
	const struct mount_row *row = mounts_find(ask->host, path);

	while (row && is_self_bind(ask->host, row))
		row = around(ask->host, row);
	return row && !on_tmpfs(path) && !(ask->mask && mask_find(ask->mask, path)) &&
	       find_exact(c, row->point);
}

static int add_named(struct covers *c, const struct cover_ask *ask, const char *path,
		     const char *target, struct err *e)
{
	const struct mount_row *row = mounts_find(ask->host, path);

	if (!row)
		return err_set(e, ENOENT, "find the filesystem of %s", esc(path));
	return find_exact(c, path) ? 0 : add(c, row, path, target, e);
}

static int refuse_named(const struct cover_ask *ask, const char *dir, struct err *e)
{
	const struct mask_entry *m = ask->mask ? mask_find(ask->mask, dir) : NULL;

	if (never_shown(dir))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s cannot be shown to a pod: it has a %s of its own, or it is "
				  "envpod's",
				  esc(dir), dir);
	if (m && (m->kind == MASK_HIDDEN || m->kind == MASK_EMPTIED) && !m->soft)
		return err_status(
			e, POD_EXIT_REFUSED, ERR_PLAIN,
			"%s is masked (%s holds secrets); name it under filesystem.reveal "
			"to show it",
			esc(dir), esc(m->path));
	return 0;
}

static int add_cwd(struct covers *c, const struct cover_ask *ask, struct err *e)
{
	struct stat st;
	int r;

	if (!ask->cwd)
		return 0;
	r = stat(ask->cwd, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (r)
		return err_set(e, r, "use %s as working directory", esc(ask->cwd));
	r = refuse_named(ask, ask->cwd, e);
	if (r < 0 || is_shown(c, ask, ask->cwd))
		return r;
	return add_named(c, ask, ask->cwd, ask->cwd, e);
}

/* Working directories of earlier runs: their changes are in the layers, so they are shown again. */
static int add_tracked(struct covers *c, const struct cover_ask *ask, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && ask->tracked && i < ask->tracked->n; i++) {
		const char *dir = ask->tracked->v[i];
		struct err ignore = {0};

		if (!is_dir(dir) || refuse_named(ask, dir, &ignore) < 0 || is_shown(c, ask, dir))
			continue;
		r = add_named(c, ask, dir, dir, e);
	}
	return r;
}

/* The cover is the directory that is meant, by its real name. */
static int add_cow_one(struct covers *c, const struct cover_ask *ask, const struct bind_ask *b,
		       struct err *e)
{
	OWN_FD int fd = source_find(ask->host, b->source, e);
	OWN_FREE char *real = fd < 0 ? NULL : path_of(fd);
	int r;

	if (fd < 0)
		return fd;
	if (!real || !is_dir(real))
		return err_set(e, ENOTDIR, "mount %s copy-on-write", esc(b->source));
	r = refuse_named(ask, real, e);
	if (r < 0 || (strcmp(real, b->target) == 0 && is_shown(c, ask, real)))
		return r;
	return add_named(c, ask, real, b->target, e);
}

static int add_cow(struct covers *c, const struct cover_ask *ask, struct err *e)
{
	struct bind_ask b = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && bind_next(ask->plan, &i, &b); bind_finish(&b))
		if (b.mode == BIND_COW)
			r = add_cow_one(c, ask, &b, e);
	bind_finish(&b);
	return r;
}

unsigned path_depth(const char *path)
{
	unsigned n = 0;

	for (const char *p = path; *p; p++)
		n += *p == '/' && p[1] != '\0';
	return n;
}

static int by_depth(const void *a, const void *b)
{
	const struct cover *x = a, *y = b;
	int d = (int)path_depth(x->target) - (int)path_depth(y->target);

	return d ? d : strcmp(x->target, y->target);
}

int covers_list(struct covers *c, const struct cover_ask *ask, struct err *e)
{
	int r = add_host(c, ask, e);

	if (r == 0 && !find_exact(c, "/"))
		r = err_set(e, ENOENT, "find the root filesystem in /proc/self/mountinfo");
	if (r == 0)
		r = add_cow(c, ask, e);
	if (r == 0)
		r = add_cwd(c, ask, e);
	if (r == 0)
		r = add_tracked(c, ask, e);
	if (r == 0)
		qsort(c->v, c->n, sizeof(*c->v), by_depth);
	return r;
}

const struct cover *covers_find(const struct covers *c, const char *path)
{
	const struct cover *best = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (path_below(path, c->v[i].path) &&
		    (!best || strlen(c->v[i].path) > strlen(best->path)))
			best = &c->v[i];
	return best;
}

int cover_open(const char *path)
{
	OWN_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -errno : open_beneath(root, path, O_PATH | O_DIRECTORY, 0);
}

int cover_anchor(const char *path, struct err *e)
{
	OWN_FD int at = cover_open(path);
	int fd;

	if (at < 0)
		return err_set(e, -at, "reach %s on the host", esc(path));
	fd = open_tree(at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "reach %s on the host", esc(path)) : fd;
}
