/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth first with a stack of our own.  In each directory the names of all layers are merged and
 * put in order; the topmost layer's entry is what the pod has.  The host's names are listed only
 * where they do not show through (an opaque or a deleted directory: each is a deletion) or show
 * through somewhere else (below a renamed directory: each is an addition).
 */
#include "tools/pod-mount/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/compare.h"
#include "tools/pod-mount/level.h"
#include "tools/pod-mount/whiteout.h"

static struct level *top(struct walker *w)
{
	return &w->stack[w->depth - 1];
}

static struct level *grow(struct walker *w)
{
	if (w->depth == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 32;
		w->stack = xrealloc(w->stack, w->cap * sizeof(w->stack[0]));
	}
	return &w->stack[w->depth++];
}

/* --- what one entry amounts to --- */

static uid_t uid_through(const struct id_map *ids, uid_t uid)
{
	return ids ? uid_seen(ids, uid) : uid;
}

static gid_t gid_through(const struct id_map *ids, gid_t gid)
{
	return ids ? gid_seen(ids, gid) : gid;
}

/* What the pod has comes from a layer, or shows through from elsewhere on the host's side. */
static const struct id_map *ids_of(const struct walker *w, const struct group *g)
{
	return g->v[0].part == PART_SHOWN ? w->t->host_ids : w->w->ids;
}

static void fill_host(struct change *c, const struct walker *w, const struct stat *st)
{
	c->old_mode = st->st_mode;
	c->old_uid = uid_through(w->t->host_ids, st->st_uid);
	c->old_gid = gid_through(w->t->host_ids, st->st_gid);
	c->old_size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size;
	c->old_ino = st->st_ino;
	c->old_nlink = (uint32_t)st->st_nlink;
	c->old_ctime_ns = clock_ns(&st->st_ctim);
	c->old_mtime_ns = clock_ns(&st->st_mtim);
}

static void fill_pod(struct change *c, const struct walker *w, const struct group *g)
{
	const struct stat *st = &g->top;

	c->mode = st->st_mode;
	c->uid = uid_through(ids_of(w, g), st->st_uid);
	c->gid = gid_through(ids_of(w, g), st->st_gid);
	c->size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size;
	c->nlink = (uint32_t)st->st_nlink;
}

/* Where the pod's entry lies: in a layer, or on the host under another name. */
static void fill_source(struct change *c, struct walker *w, const struct level *l,
			const struct group *g)
{
	if (g->v[0].part == PART_SHOWN) {
		buf_clear(&w->text);
		buf_fmt(&w->text, "%s/%s", l->from, g->name);
		c->from = changes_text(w->list, w->text.data, w->text.len);
	} else if (g->v[0].part < PART_SHOWN) {
		const struct part *p = &l->parts[g->v[0].part];

		c->source = p->source;
		buf_clear(&w->text);
		buf_fmt(&w->text, "%s/%s", p->raw ? p->raw : "", g->name);
		c->raw = p->raw ? changes_text(w->list, w->text.data, w->text.len) : NULL;
	}
	for (size_t i = 0; i < g->n && g->v[i].part < PART_SHOWN; i++)
		c->copies++;
}

static bool is_own(const struct walker *w, const char *path, const struct stat *st)
{
	return w->w->own && committed_has(w->w->own, path, st->st_ino, clock_ns(&st->st_ctim));
}

/* Is the host's entry, or that it has none, of our operations' making? */
static bool is_ours(const struct walker *w, const char *path, const struct stat *host)
{
	const struct base_entry *en;
	uint64_t start;
	bool exact = false;

	if (host)
		return is_own(w, path, host);
	en = base_lookup(w->w->bases, path, &exact, &start);
	return w->w->own && en && exact && en->kind == BASE_HOST &&
	       committed_removed(w->w->own, path, en->ino, en->ctime_ns);
}

/* Did somebody create or delete in this host directory since the view began? */
static bool is_recent(const struct walker *w, struct level *l)
{
	OWN_FREE char *dir = NULL;
	struct stat st;

	if (l->recent != RECENT_UNKNOWN)
		return l->recent == RECENT_YES;
	dir = xfmt("%.*s", (int)l->path_len, w->path.data);
	l->recent = RECENT_YES;
	if (fstat(l->host, &st) == 0 &&
	    (clock_ns(&st.st_ctim) < w->w->bases->upper_start || is_own(w, *dir ? dir : "/", &st)))
		l->recent = RECENT_NO;
	return l->recent == RECENT_YES;
}

/*
 * An entry that was copied up and is not on the host now may have been deleted there meanwhile, or
 * may have been renamed in the pod.  Nothing was deleted from a directory that did not change.
 */
static bool may_have_vanished(const struct walker *w, struct level *l, const struct group *g)
{
	return !g->on_host && g->v[0].part < PART_SHOWN &&
	       (l->vanished || (l->host >= 0 && is_recent(w, l))) &&
	       is_copied_up(l->parts[g->v[0].part].fd, g->name);
}

/* What was copied up has the host's mode of that moment; what the pod made anew, that of no moment.
 */
static uint64_t dir_start(const struct walker *w, int at, const char *name)
{
	uint64_t start = w->w->bases->upper_start;
	bool exact;
	struct statx sx;

	if (!is_copied_up(at, name) || statx(at, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) < 0 ||
	    !(sx.stx_mask & STATX_BTIME)) {
		base_lookup(w->w->bases, w->path.data, &exact, &start);
		return start;
	}
	return (uint64_t)sx.stx_btime.tv_sec * 1000000000u + sx.stx_btime.tv_nsec;
}

/*
 * Has the host's directory changed since the pod's was made from it?  Asked only where their mode,
 * owner or attributes differ, since new entries change its ctime as well.
 */
static bool has_moved_on(const struct walker *w, const struct level *l, const struct group *g)
{
	size_t lowest = g->n - 1;

	while (lowest > 0 && g->v[lowest].part >= PART_SHOWN)
		lowest--;
	return clock_ns(&g->host.st_ctim) >=
		       dir_start(w, l->parts[g->v[lowest].part].fd, g->name) &&
	       !is_own(w, w->path.data, &g->host);
}

/*
 * Below a deleted directory the pod deleted what it saw.  What was born later it never saw: that
 * stays on the host, and is no conflict.
 */
static bool has_appeared(const struct walker *w, const struct level *l, const struct group *g)
{
	return g->v[0].part == PART_HOST &&
	       base_appeared(w->w->bases, w->path.data, l->host, g->name);
}

/*
 * The pod has something else where the host has a directory: that it was there all the time, with
 * what is in it, only its ctime tells.
 */
static bool is_newer_dir(const struct walker *w, const struct change *c, const struct group *g)
{
	bool exact;
	uint64_t start = w->w->bases->upper_start;

	if (c->kind != CHANGE_TYPE || !S_ISDIR(c->old_mode))
		return false;
	base_lookup(w->w->bases, w->path.data, &exact, &start);
	return clock_ns(&g->host.st_ctim) >= start && !is_own(w, w->path.data, &g->host);
}

/* Of a directory only what is its own is fought over: what is in it is judged by itself. */
static void judge_base(struct change *c, const struct walker *w, struct level *l,
		       const struct group *g)
{
	if (w->w->bases && c->kind == CHANGE_MODIFIED && S_ISDIR(c->mode) &&
	    g->v[0].part < PART_SHOWN && has_moved_on(w, l, g)) {
		c->conflict = BASE_UNSURE;
		c->marks |= MARK_CONFLICT;
	}
	if (w->w->bases && is_newer_dir(w, c, g)) {
		c->conflict = BASE_CHANGED;
		c->marks |= MARK_CONFLICT;
	}
	if (!w->w->bases || (c->old_mode ? S_ISDIR(c->old_mode) : S_ISDIR(c->mode)))
		return;
	c->conflict = (uint8_t)base_check(w->w->bases, w->path.data, g->on_host ? &g->host : NULL,
					  may_have_vanished(w, l, g));
	if (c->conflict != BASE_SAME && is_ours(w, w->path.data, g->on_host ? &g->host : NULL))
		c->conflict = BASE_SAME;
	if (c->conflict == BASE_SAME)
		return;
	/* What the pod deleted was its own, or was never seen: the host's is not meant. */
	if (c->kind == CHANGE_DELETED && (c->conflict == BASE_APPEARED || has_appeared(w, l, g)))
		c->marks |= MARK_APPEARED;
	else
		c->marks |= MARK_CONFLICT;
}

/* The directory that holds the pod's entry. */
static int dir_of(const struct level *l, const struct group *g)
{
	return g->v[0].part == PART_SHOWN ? l->shown : l->parts[g->v[0].part].fd;
}

static void fill_target(struct walker *w, const struct level *l, const struct group *g)
{
	struct change *c = &w->list->v[w->list->n - 1];
	char to[PATH_MAX + 1];
	ssize_t n = S_ISLNK(c->mode) ? readlinkat(dir_of(l, g), g->name, to, sizeof(to)) : -1;

	if (S_ISLNK(c->mode) && n < 0)
		walk_fault(w);
	if (n >= 0)
		c->target = changes_text(w->list, to, (size_t)n);
}

static void emit(struct walker *w, struct level *l, const struct group *g, enum change_kind kind,
		 unsigned what)
{
	struct change *c = changes_add(w->list);

	if (!l->dir)
		l->dir = changes_text(w->list, w->path.data, l->path_len);
	c->dir = l->dir;
	c->name = changes_text(w->list, g->name, strlen(g->name));
	c->kind = (uint8_t)kind;
	c->what = (uint8_t)what;
	c->cover = (uint16_t)w->t->index;
	c->plain = l->clear || l->fresh;
	if (g->on_host)
		fill_host(c, w, &g->host);
	if (kind != CHANGE_DELETED)
		fill_pod(c, w, g);
	fill_source(c, w, l, g);
	fill_target(w, l, g);
	judge_base(c, w, l, g);
	if (g->masked)
		c->marks |= MARK_MASKED;
	if (kind != CHANGE_DELETED && S_ISREG(c->mode) && c->mode & (S_ISUID | S_ISGID))
		c->marks |= MARK_SETUID;
}

static bool same_type(const struct group *g)
{
	return ((g->top.st_mode ^ g->host.st_mode) & S_IFMT) == 0;
}

static void judge(struct walker *w, struct level *l, const struct group *g)
{
	struct side pod = {dir_of(l, g), g->name, &g->top, ids_of(w, g)};
	struct side host = {l->host, g->name, &g->host, w->t->host_ids};
	unsigned what;

	if (!g->on_host) {
		emit(w, l, g, CHANGE_ADDED, 0);
		return;
	}
	if (!same_type(g)) {
		emit(w, l, g, CHANGE_TYPE, 0);
		return;
	}
	what = entries_differ(&pod, &host);
	if (what)
		emit(w, l, g, CHANGE_MODIFIED, what);
}

/* --- the way --- */

static bool is_quiet(const struct walker *w, const struct level *l, const struct group *g)
{
	if (!w->w->quiet)
		return false;
	return g->v[0].part < PART_SHOWN ? w->w->quiet[l->parts[g->v[0].part].source] : l->quiet;
}

static bool all_quiet(const struct walker *w, const struct level *l)
{
	for (size_t i = 0; i < l->nparts; i++)
		if (!w->w->quiet || !w->w->quiet[l->parts[i].source])
			return false;
	return l->quiet || (l->host < 0 && l->shown < 0) || l->clear;
}

static bool is_nested(const struct walker *w)
{
	const char *const *v = w->w->nested;

	for (; v && *v; v++)
		if (strcmp(*v, w->path.data) == 0 && strcmp(*v, w->t->cover) != 0)
			return true;
	return false;
}

static enum track_place place_of(const struct walker *w, const struct level *l)
{
	return l->uniform || !w->w->track ? l->place : track_place(w->w->track, w->path.data);
}

/* Directory xattrs are compared once it is open. */
static void judge_dir(struct walker *w, struct level *l, const struct level *down,
		      const struct group *g)
{
	struct side pod = {-1, g->name, &g->top, w->w->ids};
	struct side host = {-1, g->name, &g->host, w->t->host_ids};
	unsigned what;

	if (!g->on_host || !same_type(g)) {
		judge(w, l, g);
		return;
	}
	if (down->nparts == 0 || down->host < 0)
		return;
	what = entries_differ(&pod, &host);
	if (xattrs_differ(down->parts[0].fd, w->w->ids, down->host, w->t->host_ids))
		what |= WHAT_XATTR;
	if (what)
		emit(w, l, g, CHANGE_MODIFIED, what);
}

/* A directory of the pod's, or what the host has below a deleted one. */
static int descend(struct walker *w, struct level *l, const struct group *g, bool listed)
{
	struct level *down = grow(w);
	size_t before = w->list->n;
	bool gone = g->v[0].part == PART_HOST || is_whiteout(&g->top) || !S_ISDIR(g->top.st_mode);

	l = down - 1;
	level_enter(w, l, g, down);
	if (gone)
		down->quiet = is_quiet(w, l, g);
	else if (listed)
		judge_dir(w, l, down, g);
	if (w->list->n > before)
		w->list->v[before].fresh = down->fresh;
	if (all_quiet(w, down) || is_nested(w)) {
		level_finish(down);
		w->depth--;
		return 0;
	}
	return level_read(w, down);
}

static void look_at_host(struct walker *w, const struct level *l, struct group *g)
{
	g->masked = l->masks && path_hidden(w, w->path.data);
	g->on_host = l->host >= 0 && !g->masked &&
		     fstatat(l->host, g->name, &g->host, AT_SYMLINK_NOFOLLOW) == 0;
	if (l->host >= 0 && !g->masked && !g->on_host)
		walk_fault(w);
}

/* The topmost entry; false when there is none any more, or none the pod could see. */
static bool look_at_top(struct walker *w, const struct level *l, struct group *g)
{
	if (g->v[0].part == PART_HOST)
		return g->on_host;
	if (g->v[0].part == PART_SHOWN) {
		buf_clear(&w->text);
		buf_fmt(&w->text, "%s/%s", l->from, g->name);
		if (l->masks && path_hidden(w, w->text.data))
			return false;
	}
	if (fstatat(dir_of(l, g), g->name, &g->top, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	walk_fault(w);
	return false;
}

static bool is_gone(const struct group *g)
{
	return g->v[0].part == PART_HOST || (g->v[0].part < PART_SHOWN && is_whiteout(&g->top));
}

static int visit(struct walker *w, struct level *l, struct group *g)
{
	enum track_place place = place_of(w, l);
	bool listed, gone, host_dir;

	if (place == TRACK_OUT)
		return 0;
	look_at_host(w, l, g);
	if (!look_at_top(w, l, g)) {
		/* Shown from elsewhere it is masked; the host's own of this path still counts. */
		if (g->v[0].part != PART_SHOWN || g->n < 2 || !g->on_host)
			return 0;
		g->v++;
		g->n--;
	}
	if (l->masks && !S_ISDIR(g->top.st_mode) && mask_derived(w->w->mask, w->path.data))
		return 0;
	gone = is_gone(g);
	host_dir = g->on_host && S_ISDIR(g->host.st_mode);
	listed = place == TRACK_IN && !is_quiet(w, l, g);
	if (gone && g->on_host && listed)
		emit(w, l, g, CHANGE_DELETED, 0);
	if (gone)
		return host_dir ? descend(w, l, g, false) : 0;
	if (S_ISDIR(g->top.st_mode))
		return descend(w, l, g, listed);
	if (listed)
		judge(w, l, g);
	return host_dir ? descend(w, l, g, false) : 0;
}

/* What lies deeper than PATH_MAX no program can name: it is listed as one entry and left alone. */
static bool too_deep(struct walker *w, struct level *l, struct group *g)
{
	if (w->path.len < PATH_MAX)
		return false;
	if (!is_quiet(w, l, g) && look_at_top(w, l, g) && !is_gone(g)) {
		emit(w, l, g, CHANGE_ADDED, 0);
		w->list->v[w->list->n - 1].marks |= MARK_DEEP;
	}
	return true;
}

static void take_group(struct level *l, struct group *g)
{
	size_t from = l->at;

	g->name = name_text(&l->names, from);
	g->v = &l->names.v[from];
	while (++l->at < l->names.n && strcmp(name_text(&l->names, l->at), g->name) == 0)
		;
	g->n = l->at - from;
}

static int next_entry(struct walker *w)
{
	struct level *l = top(w);
	struct group g;

	w->path.len = l->path_len;
	if (l->at >= l->names.n) {
		level_finish(l);
		w->depth--;
		return 0;
	}
	take_group(l, &g);
	buf_char(&w->path, '/');
	buf_str(&w->path, g.name);
	return too_deep(w, l, &g) ? 0 : visit(w, l, &g);
}

/* Each level holds a descriptor a layer: as many as the kernel allows. */
static void raise_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_max = lim.rlim_max < 1048576 ? 1048576 : lim.rlim_max;
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim) == 0 || getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

int walk_tree(const struct walk *w, const struct tree *t, struct changes *list, struct err *e)
{
	struct walker walker = {.w = w, .t = t, .list = list, .e = e};
	int r;

	raise_limit();
	if (strcmp(t->cover, "/") != 0)
		buf_str(&walker.path, t->cover);
	else
		buf_add(&walker.path, "", 0);
	level_root(&walker, grow(&walker));
	r = level_read(&walker, top(&walker));
	while (r == 0 && walker.depth > 0)
		r = next_entry(&walker);
	if (r == 0)
		r = walker.fault;
	while (walker.depth > 0)
		level_finish(&walker.stack[--walker.depth]);
	free(walker.stack);
	buf_finish(&walker.path);
	buf_finish(&walker.text);
	return r;
}
