/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A redirect names a path in the stack below its layer.  Once that layer and the one below it are
 * one, it must name the path below both; and what the older layer had at the old path belongs to
 * the directory at its new one.  So the merged tree is made anew, directory by directory, as
 * overlayfs would look each up in the two; files are linked, and only when all of it is there does
 * the stack name it.  A crash before that leaves the two.
 *
 *     copying     a symlink to the new ID: goes with it, should we die (private.c)
 *     layers/.new-ID/, then layers/ID
 *     dropping    a symlink to the two IDs
 *     stack
 */
#include "tools/pod-mount/fold.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/names.h"
#include "tools/pod-mount/private.h"
#include "tools/pod-mount/provenance.h"
#include "tools/pod-mount/renamed.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/treecopy.h"
#include "tools/pod-mount/whiteout.h"

#define DEPTH_MAX 1000 /* each level holds three descriptors */

struct fold {
	int older_root; /* of the cover at hand; -1: it has none */
	bool redirects;
};

/* A directory of the merged tree: what of the two layers it is made of, and what lies below. */
struct half {
	int newer, older; /* -1: that layer has no part in it */
	char *way; /* its path in the stack below the newer one; NULL: nothing of that shows */
	char *low; /* its path in the stack below both; NULL: nothing of that shows */
};

static void half_finish(struct half *h)
{
	own_close(&h->newer);
	own_close(&h->older);
	free(h->way);
	free(h->low);
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static char *below(const char *path, const char *name)
{
	return path ? xfmt("%s/%s", path, name) : NULL;
}

/* Where a redirect leads from `path`; NULL for one beside a path that there is not. */
static char *led_to(const char *path, const char *redirect)
{
	struct buf b = BUF_INIT;

	if (!path && redirect[0] != '/')
		return NULL;
	renamed_target(&b, path ? path : "", redirect);
	return buf_take(&b);
}

static void cut_off(struct half *c)
{
	free(c->low);
	c->low = NULL;
}

/* --- the parts of one directory --- */

/* The older layer's directory of the name, beside the parent's. */
static int take_older(struct half *c, const struct half *up, const char *name)
{
	OWN_FREE struct dir_marks *marks = NULL;
	struct stat st;
	int r = up->older < 0 ? 0 : entry_find(up->older, name, &st);

	c->low = below(up->low, name);
	if (r <= 0)
		return r;
	if (!S_ISDIR(st.st_mode)) {
		cut_off(c); /* a file or whiteout hid what lies below it */
		return 0;
	}
	marks = xcalloc(1, sizeof(*marks));
	c->older = open_dir(up->older, name);
	r = c->older < 0 ? c->older : dir_marks_read(c->older, marks);
	if (r < 0)
		return r;
	if (marks->redirected) {
		char *to = led_to(c->low, marks->redirect);

		cut_off(c);
		c->low = to;
	}
	if (marks->opaque)
		cut_off(c);
	return 0;
}

/* What a redirect of the newer layer leads to in the older one. */
static int take_renamed(const struct fold *f, struct half *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	bool stop = false;

	if (!c->way)
		return 0;
	buf_str(&path, c->way);
	if (f->older_root >= 0)
		c->older = renamed_lookup(f->older_root, &path, &stop);
	if (f->older_root >= 0 && c->older < 0 && !is_absent(c->older))
		return c->older;
	c->low = stop ? NULL : buf_take(&path);
	return 0;
}

/* The newer layer's directory of the name, and what it lets show of the older one. */
static int take_newer(const struct fold *f, struct half *c, const struct half *up, const char *name)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	char *to;
	int r;

	c->newer = open_dir(up->newer, name);
	r = c->newer < 0 ? c->newer : dir_marks_read(c->newer, marks);
	if (r < 0)
		return r;
	if (marks->opaque)
		return 0;
	c->way = below(up->way, name);
	if (!marks->redirected)
		return take_older(c, up, name);
	to = led_to(c->way, marks->redirect);
	free(c->way);
	c->way = to;
	return take_renamed(f, c);
}

/* --- making it --- */

/* Marks say where the lower half lies, as seen from a directory whose own lies at `up`. */
static int mark(struct fold *f, int fd, const struct half *c, const char *up, const char *name)
{
	OWN_FREE char *plain = below(up, name);
	int r;

	if (!c->low) {
		r = redirect_clear(fd);
		return r < 0 ? r : opaque_set(fd);
	}
	r = opaque_clear(fd);
	if (plain && strcmp(plain, c->low) == 0)
		return r < 0 ? r : redirect_clear(fd);
	f->redirects = true;
	return r < 0 ? r : redirect_set(fd, c->low);
}

static int fold_dir(struct fold *f, int to, const struct half *h, unsigned depth);

static int make_dir(struct fold *f, int to, const struct half *c, const struct half *up,
		    const char *name, unsigned depth)
{
	OWN_FD int fd = -1;
	int r;

	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	fd = open_dir(to, name);
	r = fd < 0 ? fd : fold_dir(f, fd, c, depth + 1);
	return r < 0 ? r : mark(f, fd, c, up->low, name);
}

/* Overlayfs lists a directory of which nothing lies below without looking for whiteouts. */
static int fold_file(int from, const char *name, const struct stat *st, const struct half *h,
		     int to)
{
	return !h->low && is_whiteout(st) ? 0 : tree_link_file(from, name, to);
}

/* One name of a directory, in the newer layer, the older one, or both. */
static int fold_name(struct fold *f, int to, const struct half *h, const char *name, unsigned depth)
{
	OWN(half_finish) struct half c = {.newer = -1, .older = -1};
	struct stat st;
	int r = h->newer < 0 ? 0 : entry_find(h->newer, name, &st);

	if (r < 0)
		return r;
	if (r > 0) {
		if (!S_ISDIR(st.st_mode))
			return fold_file(h->newer, name, &st, h, to);
		r = take_newer(f, &c, h, name);
	} else {
		if (fstatat(h->older, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (!S_ISDIR(st.st_mode))
			return fold_file(h->older, name, &st, h, to);
		c.way = below(h->way, name);
		r = take_older(&c, h, name);
	}
	return r < 0 ? r : make_dir(f, to, &c, h, name, depth);
}

static int fold_names(struct fold *f, int to, const struct half *h, const struct names *names,
		      unsigned depth)
{
	int r = 0;

	for (size_t i = 0; i < names->n && r == 0; i++)
		if (i == 0 || strcmp(name_text(names, i - 1), name_text(names, i)) != 0)
			r = fold_name(f, to, h, name_text(names, i), depth);
	return r;
}

static int fold_dir(struct fold *f, int to, const struct half *h, unsigned depth)
{
	struct names names = {0};
	int r = depth > DEPTH_MAX ? -ELOOP : 0;

	if (r == 0 && h->newer >= 0)
		r = names_read(&names, h->newer, 0);
	if (r == 0 && h->older >= 0)
		r = names_read(&names, h->older, 1);
	names_sort(&names);
	if (r == 0)
		r = fold_names(f, to, h, &names, depth);
	names_finish(&names);
	return r < 0 ? r : tree_copy_looks(h->newer >= 0 ? h->newer : h->older, to);
}

/* A cover's own directory carries no marks. */
static int fold_cover(struct fold *f, int to, int newer, int older, const char *name)
{
	OWN(half_finish)
	struct half h = {
		.newer = open_dir(newer, name),
		.older = open_dir(older, name),
		.way = xstrdup(""),
		.low = xstrdup(""),
	};
	OWN_FD int fd = -1;

	if ((h.newer < 0 && !is_absent(h.newer)) || (h.older < 0 && !is_absent(h.older)))
		return h.newer < 0 && !is_absent(h.newer) ? h.newer : h.older;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	fd = open_dir(to, name);
	f->older_root = h.older;
	return fd < 0 ? fd : fold_dir(f, fd, &h, 0);
}

static int fold_covers(struct fold *f, int to, int newer, int older)
{
	struct names names = {0};
	int r = names_read(&names, newer, 0);

	if (r == 0)
		r = names_read(&names, older, 1);
	names_sort(&names);
	for (size_t i = 0; i < names.n && r == 0; i++)
		if (i == 0 || strcmp(name_text(&names, i - 1), name_text(&names, i)) != 0)
			r = fold_cover(f, to, newer, older, name_text(&names, i));
	names_finish(&names);
	return r;
}

/* --- the layer --- */

static int link_view(int older, int newer, int to)
{
	if (linkat(older, "view", to, "view", 0) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	return linkat(newer, "view", to, "view", 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int describe(int older, int newer, int to, bool redirects, struct err *e)
{
	int r = base_union(older, newer, to, e);

	if (r < 0)
		return r;
	r = link_view(older, newer, to);
	if (r == 0)
		r = provenance_merge(to, older);
	if (r == 0)
		r = provenance_merge(to, newer);
	if (r == 0 && redirects)
		r = write_file_at(to, "redirects", "", 0, 0600, false);
	return r < 0 ? err_set(e, -r, "describe a merged layer") : 0;
}

static int fill(int dir, const struct layer *a, const struct layer *b, struct err *e)
{
	OWN_FD int older = layer_open(a->id, ""), newer = layer_open(b->id, "");
	OWN_FD int old_tree = layer_open(a->id, "tree"), new_tree = layer_open(b->id, "tree");
	OWN_FD int tree = -1;
	struct fold f = {.older_root = -1};
	int r = older < 0 ? older : newer < 0 ? newer : old_tree < 0 ? old_tree : new_tree;

	if (r >= 0) {
		r = mkdirat(dir, "tree", 0700) < 0 ? -errno : 0;
		tree = open_dir(dir, "tree");
	}
	if (r == 0)
		r = tree < 0 ? tree : fold_covers(&f, tree, new_tree, old_tree);
	if (r == 0)
		r = tree_copy_looks(new_tree, tree);
	if (r < 0)
		return err_set(e, -r, "merge layers %s and %s", a->id, b->id);
	return describe(older, newer, dir, f.redirects, e);
}

static int open_layers(struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

/* The newer one's id with another fraction of its second; any other where that has none. */
static void choose_id(int layers, const char *newer, char id[LAYER_ID_MAX + 1])
{
	unsigned micros;

	layer_new_id(id);
	if (strlen(newer) != strlen(id) || sscanf(newer + 11, "%5x-", &micros) != 1)
		return;
	memcpy(id, newer, strlen(newer));
	for (unsigned i = 1; i < 1000; i++) {
		char digits[6];

		snprintf(digits, sizeof(digits), "%05x", (micros + i) & 0xfffff);
		memcpy(id + 11, digits, 5);
		if (faccessat(layers, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return;
	}
	layer_new_id(id);
}

static int make_layer(int layers, const char *id, const struct layer *a, const struct layer *b,
		      struct err *e)
{
	OWN_FREE char *temp = xfmt(".new-%s", id);
	OWN_FD int dir = -1;
	int r;

	if (mkdirat(layers, temp, 0700) == 0)
		dir = open_dir(layers, temp);
	if (dir < 0)
		return err_set(e, errno, "make %s/layers/%s", pod_state_dir(), temp);
	r = fill(dir, a, b, e);
	if (r == 0 && renameat(layers, temp, layers, id) < 0)
		r = err_set(e, errno, "put layer %s in place", id);
	return r;
}

int layers_fold(const struct pod *p, struct stack *s, size_t i, struct err *e)
{
	struct layer a = s->v[i], b = s->v[i + 1];
	OWN_FREE char *gone = xfmt("%s %s", a.id, b.id);
	OWN_FD int layers = open_layers(e);
	struct err ignore = {0};
	char id[LAYER_ID_MAX + 1];
	int r;

	if (layers < 0)
		return layers;
	choose_id(layers, b.id, id);
	if (symlinkat(id, p->dir, "copying") < 0)
		return err_set(e, errno, "write %s/copying", p->path);
	r = make_layer(layers, id, &a, &b, e);
	if (r == 0 && symlinkat(gone, p->dir, "dropping") < 0)
		r = err_set(e, errno, "write %s/dropping", p->path);
	if (r < 0) {
		private_recover(p, &ignore);
		return r;
	}
	memcpy(s->v[i + 1].id, id, sizeof(id));
	stack_remove(s, i);
	r = stack_save(s, p, e);
	return r < 0 ? r : layers_recover(p, e);
}
