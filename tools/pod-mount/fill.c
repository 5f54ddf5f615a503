/* SPDX-License-Identifier: Apache-2.0 */
/* A renamed directory gets copies of what it shows from elsewhere. */
#include "tools/pod-mount/fill.h"

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
#include "libcommon/project.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/settle.h"
#include "tools/pod-mount/whiteout.h"

int settle_failed(struct settler *st, int code, const char *what)
{
	return err_set(st->e, code, "%s %s in a layer of pod %s", what, esc(st->w.path.data),
		       st->s->pod.name);
}

int settle_child(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int settle_note(const struct settler *st, const struct part *last, const char *within)
{
	OWN_FREE char *tree = pod_cover_name(st->w.t->cover);

	return settle_begin(&st->s->pod, survey_layer_id(st->s, last->source), tree,
			    last->raw ? last->raw : within);
}

void settle_at(struct settler *st, const struct level *l)
{
	st->w.path.len = l->path_len;
	buf_add(&st->w.path, "", 0);
}

/* The part with the redirect; what stands behind it came through it. */
size_t settle_redirect(struct settler *st, const struct level *l)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));

	for (size_t i = 0; i < l->nparts; i++) {
		if (dir_marks_read(l->parts[i].fd, marks) < 0)
			walk_fault(&st->w);
		else if (marks->redirected)
			return i;
	}
	return l->nparts;
}

static int fill(struct settler *st, const struct level *below, int to, bool fresh);

void settle_looks(const struct settler *st, struct looks *l, const struct stat *from,
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

static int layer_xattrs(const struct settler *st, struct xattrs *x, int dirfd, const char *name,
			bool from_host)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return from_host ? xattrs_read_for_layer(x, fd, &st->s->ids) : xattrs_read(x, fd, NULL);
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

	settle_looks(st, &l, &from->st, from->host);
	if (S_ISREG(from->st.st_mode) || S_ISDIR(from->st.st_mode)) {
		int r = layer_xattrs(st, &x, from->dirfd, name, from->host);

		if (r < 0)
			return r;
		l.xattrs = &x;
	}
	return copy_entry(from->dirfd, name, &from->st, to, as, &l);
}

/* A new directory is filled before it is put in place: an empty one would hide what is below. */
static int fill_new_dir(struct settler *st, const struct level *below, const char *name, int where,
			const char *as)
{
	OWN_FD int made = settle_child(where, as);
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
	return r < 0 || fresh ? r : project_rename(where, as, to, name, RENAME_NOREPLACE);
}

/* The layer has a directory of that name itself: what shows below it is brought into it. */
static int merge_into(struct settler *st, const struct level *below, const char *name, int to)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int child = settle_child(to, name);
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
	if (fstatat(from->dirfd, name, &from->st, AT_SYMLINK_NOFOLLOW) < 0) {
		walk_fault(&st->w);
		return false;
	}
	return from->host || !is_whiteout(&from->st);
}

static int fill_one(struct settler *st, const struct level *below, size_t i, int to, bool fresh)
{
	const char *name = name_text(&below->names, i);
	struct origin from;
	struct stat mine;

	if (i > 0 && strcmp(name_text(&below->names, i - 1), name) == 0)
		return 0; /* a layer further up has it */
	if (below->path_len >= PATH_MAX)
		return 0; /* diff lists it as one entry that nobody can name; it is never committed
			   */
	if (!origin_of(st, below, i, &from))
		return 0;
	if (fresh || fstatat(to, name, &mine, AT_SYMLINK_NOFOLLOW) < 0)
		return bring(st, below, &from, name, to, fresh);
	if (S_ISDIR(mine.st_mode) && S_ISDIR(from.st.st_mode))
		return merge_into(st, below, name, to);
	return 0;
}

/*
 * A directory in `to` that was renamed beside its old place is looked up beside: in what shows
 * below `to`, and soon no longer does.
 */
static int fill_sibling(struct settler *st, const struct level *below, int to, const char *name)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int child = settle_child(to, name);
	struct level down;
	int r = child == -ENOTDIR || child == -ELOOP ? 0 : child;

	if (child >= 0)
		r = dir_marks_read(child, marks);
	if (r < 0 || !marks->redirected || marks->redirect[0] == '/')
		return r < 0 ? r : 0;
	level_step(&st->w, below, marks->redirect, &down);
	r = fill(st, &down, child, false);
	level_finish(&down);
	if (r == 0)
		r = opaque_set(child);
	return r < 0 ? r : redirect_clear(child);
}

static int fill_siblings(struct settler *st, const struct level *below, int to)
{
	struct names names = {0};
	int r = names_read(&names, to, 0);

	for (size_t i = 0; i < names.n && r == 0; i++)
		r = fill_sibling(st, below, to, name_text(&names, i));
	names_finish(&names);
	return r;
}

/* Everything that shows from the layers of `below`, and from the host there, comes into `to`. */
static int fill(struct settler *st, const struct level *below, int to, bool fresh)
{
	struct level l = *below;
	int r;

	l.host = -1; /* what the host has at the path itself does not show */
	l.names = (struct names){0};
	r = fresh ? 0 : fill_siblings(st, &l, to);
	if (r == 0)
		r = level_read(&st->w, &l);
	for (size_t i = 0; i < l.names.n && r == 0; i++)
		r = fill_one(st, &l, i, to, fresh);
	names_finish(&l.names);
	return r < 0 ? r : st->w.fault;
}

int settle_fill(struct settler *st, const struct level *l, size_t k)
{
	struct level below = *l;
	int fd = l->parts[k].fd, r;

	below.parts = l->parts + k + 1;
	below.nparts = l->nparts - k - 1;
	below.clear = below.fresh = false;
	r = fill(st, &below, fd, false);
	settle_at(st, l);
	if (r == 0)
		r = settle_note(st, &l->parts[k], path_within(&st->w));
	if (r == 0)
		r = opaque_set(fd);
	if (r == 0)
		r = redirect_clear(fd);
	if (r == 0)
		r = settle_clean(fd);
	if (r == 0)
		r = settle_end(&st->s->pod);
	return r < 0 ? settle_failed(st, -r, "copy what was moved to") : 1;
}
