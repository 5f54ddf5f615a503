/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each single operation leaves the view as it is, so a crash between two of them does no harm:
 * names are whited out before the directory stops being opaque, copies are made aside and renamed
 * into place before the redirect goes.
 */
#include "tools/pod-mount/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/hunks.h"
#include "tools/pod-mount/level.h"
#include "tools/pod-mount/shared.h"
#include "tools/pod-mount/whiteout.h"

#define ROUNDS 4096 /* each settles a directory; paths are no deeper */

struct settler {
	struct survey *s;
	struct walker w;
	int scratch;
	unsigned long made; /* numbers names in the scratch directory */
	struct err *e;
};

static int failed(struct settler *st, int code, const char *what)
{
	return err_set(st->e, code, "%s %s in a layer of pod %s", what, esc(st->w.path.data),
		       st->s->pod.name);
}

static int open_child(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int begin(const struct settler *st, const struct part *last, const char *within)
{
	OWN_FREE char *tree = pod_cover_name(st->w.t->cover);

	return settle_begin(&st->s->pod, survey_layer_id(st->s, last->source), tree,
			    last->raw ? last->raw : within);
}

/* --- opaque → whiteouts --- */

/* One name that lies below the opaque directory: stays hidden when the directory turns plain. */
static int hide(int dirfd, const char *name)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int child = -1;
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? whiteout_make(dirfd, name) : -errno;
	if (!S_ISDIR(st.st_mode))
		return 0;
	child = open_child(dirfd, name);
	if (child < 0)
		return child;
	r = dir_marks_read(child, marks);
	if (r < 0 || marks->opaque || marks->redirected)
		return r;
	return opaque_set(child);
}

static int hide_names(int dirfd, const struct names *names, int from)
{
	int r = 0;

	for (size_t i = 0; i < names->n && r == 0; i++) {
		struct stat st;
		const char *name = name_text(names, i);

		if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || is_whiteout(&st))
			continue;
		r = hide(dirfd, name);
	}
	return r;
}

static int hide_all(int dirfd, int from)
{
	struct names names = {0};
	int r = names_read(&names, from, 0);

	if (r == 0)
		r = hide_names(dirfd, &names, from);
	names_finish(&names);
	return r;
}

/* Masked names of the host get no whiteout: the mask hides them as before. */
static int hide_host(struct settler *st, const struct level *l, int dirfd)
{
	struct names names = {0};
	int r = l->host < 0 ? 0 : names_read(&names, l->host, 0);

	for (size_t i = 0; i < names.n && r == 0; i++) {
		const char *name = name_text(&names, i);

		st->w.path.len = l->path_len;
		buf_fmt(&st->w.path, "/%s", name);
		if (!l->masks || !path_hidden(&st->w, st->w.path.data))
			r = hide(dirfd, name);
	}
	st->w.path.len = l->path_len;
	buf_add(&st->w.path, "", 0);
	names_finish(&names);
	return r;
}

/*
 * What one lower layer has in the directory's place.  A file or whiteout is hidden for good, and in
 * the way.  A renamed directory must not begin to show what it was renamed from.
 */
static int hide_layer(int dirfd, int parent, const char *name)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int below = open_child(parent, name);
	int r;

	if (below == -ENOENT)
		return 0;
	if (below == -ENOTDIR || below == -ELOOP)
		return unlinkat(parent, name, 0) < 0 ? -errno : 0;
	r = below < 0 ? below : dir_marks_read(below, marks);
	if (r == 0 && marks->redirected)
		r = opaque_set(below);
	if (r == 0 && marks->redirected)
		r = redirect_clear(below);
	return r < 0 ? r : hide_all(dirfd, below);
}

/* l is the directory `name` of up.  Only layers that merge in up can show through. */
static int reveal(struct settler *st, const struct level *up, const struct level *l,
		  const char *name)
{
	const struct part *last = &l->parts[l->nparts - 1];
	int r = opaque_set(last->fd);

	if (r == 0)
		r = begin(st, last, path_within(&st->w));
	if (r == 0)
		r = hide_host(st, l, last->fd);
	for (size_t i = 0; i < up->nparts && r == 0; i++)
		if (up->parts[i].source > last->source)
			r = hide_layer(last->fd, up->parts[i].fd, name);
	if (r == 0)
		r = opaque_clear(last->fd);
	if (r == 0)
		r = settle_end(&st->s->pod);
	return r < 0 ? failed(st, -r, "make plain") : 1;
}

/* --- renamed → copied --- */

static int fill(struct settler *st, const struct level *below, int to, bool fresh);

/* As a layer stores it: the host's ids are shifted, a layer's are so already. */
static void layer_looks(const struct settler *st, struct looks *l, const struct stat *from,
			bool from_host)
{
	const struct id_map *ids = &st->s->ids;

	*l = (struct looks){
		.mode = from->st_mode,
		.uid = from_host ? uid_stored(ids, from->st_uid) : from->st_uid,
		.gid = from_host ? gid_stored(ids, from->st_gid) : from->st_gid,
		.mtime = from->st_mtim,
	};
}

static void layer_xattrs(const struct settler *st, struct xattrs *x, int dirfd, const char *name,
			 bool from_host)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && from_host)
		xattrs_read_for_layer(x, fd, &st->s->ids);
	else if (fd >= 0)
		xattrs_read(x, fd, NULL);
}

struct origin {
	int dirfd;
	bool host;
	struct stat st;
};

static int copy_as(struct settler *st, const struct origin *from, const char *name, int to,
		   const char *as)
{
	OWN_XATTRS struct xattrs x = {0};
	struct looks l;

	layer_looks(st, &l, &from->st, from->host);
	if (S_ISREG(from->st.st_mode) || S_ISDIR(from->st.st_mode)) {
		layer_xattrs(st, &x, from->dirfd, name, from->host);
		l.xattrs = &x;
	}
	return copy_entry(from->dirfd, name, &from->st, to, as, &l);
}

/* A new directory is filled before it is put in place: an empty one would hide what is below. */
static int fill_new_dir(struct settler *st, const struct level *below, const char *name, int where,
			const char *as)
{
	OWN_FD int made = open_child(where, as);
	struct level down;
	int r = made < 0 ? made : opaque_set(made);

	if (r < 0)
		return r;
	level_step(&st->w, below, name, &down);
	r = fill(st, &down, made, true);
	level_finish(&down);
	return r;
}

/* Into a directory of our own directly, into one of the layer's by way of the scratch directory. */
static int bring(struct settler *st, const struct level *below, const struct origin *from,
		 const char *name, int to, bool fresh)
{
	OWN_FREE char *temp = xfmt("%lu", ++st->made);
	const char *as = fresh ? name : temp;
	int where = fresh ? to : st->scratch;
	int r = copy_as(st, from, name, where, as);

	if (r == -EPERM && !S_ISREG(from->st.st_mode))
		return 0; /* a socket or device: nothing a pod could have used */
	if (r == 0 && S_ISDIR(from->st.st_mode))
		r = fill_new_dir(st, below, name, where, as);
	if (r == 0 && !fresh && renameat2(where, as, to, name, RENAME_NOREPLACE) < 0)
		r = -errno;
	return r;
}

/* The layer has a directory of that name itself: what shows below it is brought into it. */
static int merge_into(struct settler *st, const struct level *below, const char *name, int to)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int child = open_child(to, name);
	struct level down;
	int r = child < 0 ? child : dir_marks_read(child, marks);

	if (r < 0 || marks->opaque || marks->redirected)
		return r;
	level_step(&st->w, below, name, &down);
	r = fill(st, &down, child, false);
	level_finish(&down);
	return r;
}

/* What shows from below under one name; false when nothing does. */
static bool origin_of(struct settler *st, const struct level *below, size_t i, struct origin *from)
{
	const struct name *n = &below->names.v[i];
	const char *name = name_text(&below->names, i);
	OWN_FREE char *path = NULL;

	from->host = n->part == PART_SHOWN;
	from->dirfd = from->host ? below->shown : below->parts[n->part].fd;
	if (from->host) {
		path = xfmt("%s/%s", below->from, name);
		if (path_hidden(&st->w, path))
			return false;
	}
	return fstatat(from->dirfd, name, &from->st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (from->host || !is_whiteout(&from->st));
}

static int fill_one(struct settler *st, const struct level *below, size_t i, int to, bool fresh)
{
	const char *name = name_text(&below->names, i);
	struct origin from;
	struct stat mine;

	if (i > 0 && strcmp(name_text(&below->names, i - 1), name) == 0)
		return 0; /* a layer further up has it */
	if (below->path_len >= PATH_MAX)
		return 0; /* diff lists it as one entry that nobody can name; it is never committed */
	if (!origin_of(st, below, i, &from))
		return 0;
	if (fresh || fstatat(to, name, &mine, AT_SYMLINK_NOFOLLOW) < 0)
		return bring(st, below, &from, name, to, fresh);
	if (S_ISDIR(mine.st_mode) && S_ISDIR(from.st.st_mode))
		return merge_into(st, below, name, to);
	return 0;
}

/* Everything that shows from the layers of `below`, and from the host there, comes into `to`. */
static int fill(struct settler *st, const struct level *below, int to, bool fresh)
{
	struct level l = *below;
	int r;

	l.host = -1; /* what the host has at the path itself does not show */
	l.names = (struct names){0};
	r = level_read(&st->w, &l);
	for (size_t i = 0; i < l.names.n && r == 0; i++)
		r = fill_one(st, &l, i, to, fresh);
	names_finish(&l.names);
	return r;
}

/* The part with the redirect; what stands behind it came through it. */
static size_t redirecting(const struct level *l)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));

	for (size_t i = 0; i < l->nparts; i++)
		if (dir_marks_read(l->parts[i].fd, marks) == 0 && marks->redirected)
			return i;
	return l->nparts;
}

static int materialise(struct settler *st, const struct level *l, size_t k)
{
	struct level below = *l;
	int fd = l->parts[k].fd, r;

	below.parts = l->parts + k + 1;
	below.nparts = l->nparts - k - 1;
	below.clear = below.fresh = false;
	r = fill(st, &below, fd, false);
	if (r == 0)
		r = begin(st, &l->parts[k], path_within(&st->w));
	if (r == 0)
		r = opaque_set(fd);
	if (r == 0)
		r = redirect_clear(fd);
	if (r == 0)
		r = settle_clean(fd);
	if (r == 0)
		r = settle_end(&st->s->pod);
	return r < 0 ? failed(st, -r, "copy what was moved to") : 1;
}

/* --- deleted → emptied --- */

static int expand(struct settler *st, const struct level *up, const char *name)
{
	OWN_FD int made = -1;
	struct stat entry, host;
	struct looks l;
	size_t i = 0;
	int r;

	while (i < up->nparts && fstatat(up->parts[i].fd, name, &entry, AT_SYMLINK_NOFOLLOW) < 0)
		i++;
	if (i == up->nparts || !is_whiteout(&entry) || up->host < 0 ||
	    fstatat(up->host, name, &host, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(host.st_mode))
		return 0;
	layer_looks(st, &l, &host, true);
	r = copy_entry(up->host, name, &host, st->scratch, "dir", &l);
	if (r == 0) {
		made = open_child(st->scratch, "dir");
		r = made < 0 ? made : opaque_set(made);
	}
	if (r == 0 && renameat2(st->scratch, "dir", up->parts[i].fd, name, RENAME_EXCHANGE) < 0)
		r = -errno;
	if (r == 0 && unlinkat(st->scratch, "dir", 0) < 0)
		r = -errno;
	return r < 0 ? failed(st, -r, "bring back") : 1;
}

/* --- which, and in what order --- */

/* The first directory on the way to dir that does not simply show the host's; 1 when it was
 * settled, 0 when there is none or nothing to do.  *at is its path. */
static int settle_dir(struct settler *st, unsigned cover, const char *dir, bool deleted,
		      struct buf *at)
{
	const struct tree *t = &st->s->trees[cover];
	OWN_FREE char *way = xstrdup(survey_within(st->s, cover, dir));
	char *rest = way, *name;
	struct level up, down;
	int r = 0;

	st->w.t = t;
	buf_clear(&st->w.path);
	buf_str(&st->w.path, strcmp(t->cover, "/") == 0 ? "" : t->cover);
	level_root(&st->w, &up);
	while (r == 0 && (name = strsep(&rest, "/")) && *name) {
		level_step(&st->w, &up, name, &down);
		buf_clear(at);
		buf_str(at, st->w.path.data);
		if (down.clear || down.fresh) {
			level_finish(&up);
			up = down;
			continue;
		}
		if (down.nparts == 0)
			r = deleted ? expand(st, &up, name) : 0;
		else if (redirecting(&down) < down.nparts)
			r = materialise(st, &down, redirecting(&down));
		else
			r = reveal(st, &up, &down, name);
		level_finish(&down);
		break;
	}
	level_finish(&up);
	return r;
}

static bool any_chosen_below(const struct changes *list, const char *path)
{
	for (size_t i = changes_find(list, path); i < list->n && change_below(&list->v[i], path);
	     i++)
		if (list->v[i].chosen)
			return true;
	return false;
}

static int settle_renames(struct settler *st)
{
	const struct renames *r = &st->s->renames;
	OWN_BUF struct buf at = BUF_INIT;

	for (size_t i = 0; i < r->n; i++)
		if (any_chosen_below(&st->s->changes, r->v[i].path) ||
		    any_chosen_below(&st->s->changes, r->v[i].from)) {
			int x = settle_dir(st, r->v[i].cover, r->v[i].path, false, &at);

			if (x != 0)
				return x;
		}
	return 0;
}

/* All of a deleted directory is meant: its whiteout is taken as a whole. */
static bool wholly_deleted(const struct survey *s, size_t i)
{
	OWN_BUF struct buf path = BUF_INIT;
	const struct changes *list = &s->changes;

	for (size_t k = i + 1; k-- > 0;) {
		const struct change *c = &list->v[k];

		if (c->kind != CHANGE_DELETED || c->source == SOURCE_NONE)
			continue;
		if (!change_below(&list->v[i], change_path(c, &path)))
			return false;
		for (size_t m = k, end = changes_end(list, k); m < end; m++)
			if (!list->v[m].chosen)
				return false;
		return true;
	}
	return false;
}

static int settle_chosen(struct settler *st, bool deleted)
{
	const struct changes *list = &st->s->changes;
	OWN_BUF struct buf at = BUF_INIT;
	int settled = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct change *c = &list->v[i];
		bool expands;
		int x;

		if (!c->chosen || c->plain || c->marks & MARK_DEEP ||
		    (at.len && change_below(c, at.data)))
			continue;
		expands = deleted && !wholly_deleted(st->s, i);
		x = settle_dir(st, c->cover, c->dir, expands, &at);
		if (x < 0)
			return x;
		settled |= x;
	}
	return settled;
}

static int again(struct settler *st, const struct selection *sel)
{
	int r = survey_walk(st->s, st->e);

	return r < 0 ? r : hunks_select(sel, st->s, false, st->e);
}

/* 1: something was settled, so that indexes and open directories are stale. */
static int round_once(struct settler *st, bool deleted)
{
	int r = settle_renames(st);

	return r != 0 ? r : settle_chosen(st, deleted);
}

static int open_scratch(struct settler *st)
{
	const char *path = st->s->pod.path;

	if (remove_tree_at(st->s->pod.dir, SETTLE_SCRATCH) < 0 ||
	    mkdirat(st->s->pod.dir, SETTLE_SCRATCH, 0700) < 0)
		return err_set(st->e, errno, "make %s/" SETTLE_SCRATCH, path);
	st->scratch = open_child(st->s->pod.dir, SETTLE_SCRATCH);
	return st->scratch < 0 ? err_set(st->e, -st->scratch, "open %s/" SETTLE_SCRATCH, path) : 0;
}

static void close_scratch(struct settler *st)
{
	own_close(&st->scratch);
	remove_tree_at(st->s->pod.dir, SETTLE_SCRATCH);
	buf_finish(&st->w.path);
	buf_finish(&st->w.text);
}

int settle_way(struct survey *s, unsigned cover, const char *dir, struct err *e)
{
	struct walk walk = {.ids = &s->ids, .mask = &s->mask};
	struct settler st = {.s = s, .w = {.w = &walk, .e = e}, .scratch = -1, .e = e};
	OWN_BUF struct buf at = BUF_INIT;
	int r = open_scratch(&st), rounds = 0;

	while (r == 0 && rounds++ < ROUNDS && (r = settle_dir(&st, cover, dir, false, &at)) > 0)
		r = 0;
	close_scratch(&st);
	return r;
}

int settle(struct survey *s, const struct selection *sel, bool deleted, struct err *e)
{
	struct walk walk = {.ids = &s->ids, .mask = &s->mask};
	struct settler st = {.s = s, .w = {.w = &walk, .e = e}, .scratch = -1, .e = e};
	int rounds = shared_release(s, e), r = rounds < 0 ? rounds : 0;

	if (rounds > 0)
		r = again(&st, sel);
	if (r == 0)
		r = open_scratch(&st);
	while (r == 0 && rounds < ROUNDS && (r = round_once(&st, deleted)) > 0) {
		rounds++;
		r = again(&st, sel);
	}
	close_scratch(&st);
	return r < 0 ? r : rounds;
}
