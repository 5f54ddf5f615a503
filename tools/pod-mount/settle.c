/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each single operation leaves the view as it is, so a crash between two of them does no harm:
 * names are whited out before the directory stops being opaque, copies are made aside and renamed
 * into place before the redirect goes.
 */
#include "tools/pod-mount/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/project.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/fill.h"
#include "tools/pod-mount/hunks.h"
#include "tools/pod-mount/level.h"
#include "tools/pod-mount/shared.h"
#include "tools/pod-mount/whiteout.h"

#define ROUNDS 4096 /* each settles a directory; paths are no deeper */

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
	child = settle_child(dirfd, name);
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

		if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = errno == ENOENT ? 0 : -errno;
		else if (!is_whiteout(&st))
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

/*
 * Masked names of the host get no whiteout: the mask hides them as before.  Nor does what was born
 * there later: the pod never saw it, and a whiteout would say that it removed it.
 */
static int hide_host(struct settler *st, const struct level *l, int dirfd)
{
	struct names names = {0};
	int r = l->host < 0 ? 0 : names_read(&names, l->host, 0);

	for (size_t i = 0; i < names.n && r == 0; i++) {
		const char *name = name_text(&names, i);

		st->w.path.len = l->path_len;
		buf_fmt(&st->w.path, "/%s", name);
		if ((!l->masks || !path_hidden(&st->w, st->w.path.data)) &&
		    !base_appeared(&st->s->bases, st->w.path.data, l->host, name))
			r = hide(dirfd, name);
	}
	st->w.path.len = l->path_len;
	buf_add(&st->w.path, "", 0);
	names_finish(&names);
	return r;
}

/* What one lower layer has in its place.  A file or whiteout is hidden for good, and in the way. */
static int hide_layer(int dirfd, int parent, const char *name)
{
	OWN_FD int below = settle_child(parent, name);

	if (below == -ENOENT)
		return 0;
	if (below == -ENOTDIR || below == -ELOOP)
		return unlinkat(parent, name, 0) < 0 ? -errno : 0;
	return below < 0 ? below : hide_all(dirfd, below);
}

/*
 * A renamed directory of a lower layer must not begin to show what it was renamed from, and what
 * was renamed out of it may still be looked up through it.
 */
static int fill_renamed(struct settler *st, const struct level *up, uint16_t source,
			const char *name)
{
	int r = 0;

	for (size_t i = 0; i < up->nparts && r >= 0; i++) {
		struct level part = *up, down;

		if (up->parts[i].source <= source)
			continue;
		part.parts = up->parts + i;
		part.nparts = up->nparts - i;
		level_step(&st->w, &part, name, &down);
		if (settle_redirect(st, &down) == 0 && down.nparts > 0)
			r = settle_fill(st, &down, 0);
		if (st->w.fault)
			r = st->w.fault;
		level_finish(&down);
	}
	return r < 0 ? r : 0;
}

/* l is the directory `name` of up.  Only layers that merge in up can show through. */
static int reveal(struct settler *st, const struct level *up, const struct level *l,
		  const char *name)
{
	const struct part *last = &l->parts[l->nparts - 1];
	int r = fill_renamed(st, up, last->source, name);

	if (r < 0)
		return r;
	settle_at(st, l);
	r = opaque_set(last->fd);
	if (r == 0)
		r = settle_note(st, last, path_within(&st->w));
	if (r == 0)
		r = hide_host(st, l, last->fd);
	for (size_t i = 0; i < up->nparts && r == 0; i++)
		if (up->parts[i].source > last->source)
			r = hide_layer(last->fd, up->parts[i].fd, name);
	if (r == 0)
		r = opaque_clear(last->fd);
	if (r == 0)
		r = settle_end(&st->s->pod);
	return r < 0 ? settle_failed(st, -r, "make plain") : 1;
}

/* --- deleted → emptied --- */

static int expand(struct settler *st, const struct level *up, const char *name)
{
	OWN_FD int made = -1;
	struct stat entry, host;
	struct looks l;
	size_t i = 0;
	int r;

	while (i < up->nparts && fstatat(up->parts[i].fd, name, &entry, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return settle_failed(st, errno, "look at");
		i++;
	}
	if (i == up->nparts || !is_whiteout(&entry) || up->host < 0 ||
	    fstatat(up->host, name, &host, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(host.st_mode))
		return 0;
	settle_looks(st, &l, &host, true);
	r = copy_entry(up->host, name, &host, st->scratch, "dir", &l);
	if (r == 0) {
		made = settle_child(st->scratch, "dir");
		r = made < 0 ? made : opaque_set(made);
	}
	if (r == 0)
		r = project_rename(st->scratch, "dir", up->parts[i].fd, name, RENAME_EXCHANGE);
	if (r == 0 && unlinkat(st->scratch, "dir", 0) < 0)
		r = -errno;
	return r < 0 ? settle_failed(st, -r, "bring back") : 1;
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
	size_t k;
	int r = 0;

	st->w.t = t;
	buf_clear(&st->w.path);
	buf_str(&st->w.path, strcmp(t->cover, "/") == 0 ? "" : t->cover);
	level_root(&st->w, &up);
	while (r == 0 && (name = strsep(&rest, "/")) && *name) {
		level_step(&st->w, &up, name, &down);
		buf_clear(at);
		buf_str(at, st->w.path.data);
		k = settle_redirect(st, &down);
		r = st->w.fault;
		if (r < 0) {
			level_finish(&down);
			break;
		}
		if (down.clear || down.fresh) {
			level_finish(&up);
			up = down;
			continue;
		}
		if (down.nparts == 0)
			r = deleted ? expand(st, &up, name) : 0;
		else if (k < down.nparts)
			r = settle_fill(st, &down, k);
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

/* A directory above it goes as a whole, with what the layers keep there for other names. */
static bool any_chosen_above(const struct changes *list, const char *path)
{
	OWN_FREE char *up = xstrdup(path);
	OWN_BUF struct buf text = BUF_INIT;

	for (char *slash; (slash = strrchr(up, '/')) && slash > up;) {
		size_t i;

		*slash = '\0';
		i = changes_find(list, up);
		if (i < list->n && list->v[i].chosen && list->v[i].kind != CHANGE_MODIFIED &&
		    strcmp(change_path(&list->v[i], &text), up) == 0)
			return true;
	}
	return false;
}

static int settle_renames(struct settler *st)
{
	const struct renames *r = &st->s->renames;
	OWN_BUF struct buf at = BUF_INIT;

	for (size_t i = 0; i < r->n; i++)
		if (any_chosen_below(&st->s->changes, r->v[i].path) ||
		    any_chosen_below(&st->s->changes, r->v[i].from) ||
		    any_chosen_above(&st->s->changes, r->v[i].from)) {
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
	st->scratch = settle_child(st->s->pod.dir, SETTLE_SCRATCH);
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
