/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reverse of each step, last first.  A host entry that is not what the operation left there is
 * somebody's work since then: a conflict, or with --force what the undo's own record keeps.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/undo_host.h"

#define SHOWN_MAX 50

struct host_entry undo_look(const struct undo_host *h, const struct step *st)
{
	struct host_entry now = {0};
	const char *leaf;
	OWN_FD int parent = open_parent_beneath(h->sites[st->site].host, st->path, &leaf);

	if (parent < 0 && !is_absent(parent))
		now.fault = parent;
	now.no_parent = parent < 0;
	if (parent >= 0) {
		int r = entry_find(parent, *leaf ? leaf : ".", &now.st);

		now.there = r > 0;
		now.fault = r < 0 ? r : 0;
	}
	return now;
}

int undo_kept(const struct undo_host *h, size_t i, struct stat *now)
{
	char name[STEP_NAME];

	step_name(name, i);
	return entry_find(h->kept, name, now);
}

static char *path_of(const struct undo_host *h, const struct step *st)
{
	return path_clean(h->u->old.sites.v[st->site], st->path);
}

/* --- has anybody been there since? --- */

static bool same_dir(const struct step *st, const struct stat *now)
{
	return S_ISDIR(now->st_mode) && ((now->st_mode ^ st->left_mode) & 07777) == 0;
}

static bool is_as_left(const struct undo_host *h, const struct step *st,
		       const struct host_entry *now)
{
	OWN_FREE char *path = NULL;

	if (!st->has_left || now->there != (st->left.ino != 0))
		return false;
	if (!now->there)
		return true;
	if (now->st.st_ino != st->left.ino)
		return false;
	if (S_ISDIR(st->left_mode))
		return same_dir(st, &now->st);
	if (clock_ns(&now->st.st_mtim) != st->left.mtime_ns ||
	    (uint64_t)now->st.st_size != st->left.size)
		return false;
	if (clock_ns(&now->st.st_ctim) == st->left.ctime_ns)
		return true;
	path = path_of(h, st);
	return own_left_has(&h->own, path, now->st.st_ino, clock_ns(&now->st.st_ctim));
}

/* --- both sides of a conflict --- */

static const char *type_of(const struct stat *st)
{
	const struct change c = {.mode = st->st_mode};

	return change_type(&c);
}

static void put_side(struct buf *b, const struct stat *st)
{
	struct tm tm;
	char text[32];

	if (!st) {
		buf_str(b, "nothing");
		return;
	}
	gmtime_r(&st->st_mtim.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_str(b, type_of(st));
	if (!S_ISDIR(st->st_mode))
		buf_fmt(b, " of %llu bytes", (unsigned long long)st->st_size);
	buf_fmt(b, ", changed %s", text);
}

static void put_json_side(struct buf *b, const char *key, const struct stat *st)
{
	OWN_FREE char *mode = st ? xfmt("%04o", st->st_mode & 07777) : NULL;

	if (!st)
		return;
	jw_key(b, key);
	jw_open(b, '{');
	jw_kstr(b, "type", type_of(st));
	jw_knum(b, "size", S_ISDIR(st->st_mode) ? 0 : (int64_t)st->st_size);
	jw_kstr(b, "mode", mode);
	jw_knum(b, "uid", st->st_uid);
	jw_knum(b, "gid", st->st_gid);
	jw_close(b, '}');
}

static const char *reason(const struct undo_host *h, const struct step *st,
			  const struct host_entry *now, const char *path, struct buf *text)
{
	const char *by = now->there ? own_left_by(&h->own, path, now->st.st_ino) : NULL;

	if (now->no_parent)
		return "its directory is gone from the host";
	if (by) {
		buf_fmt(text, "was changed by %s, which must be undone first", by);
		return text->data;
	}
	if (!now->there)
		return "was deleted on the host since";
	return st->verb == STEP_REMOVE ? "is on the host again" : "changed on the host since";
}

static void say_json(const char *path, const char *why, const struct stat *now,
		     const struct stat *then)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "path", path);
	jw_kstr(&b, "conflict", why);
	put_json_side(&b, "host", now);
	put_json_side(&b, "undo", then);
	jw_close(&b, '}');
	printf("%s\n", b.data);
}

static void say_conflict(struct undo_host *h, size_t i, const struct host_entry *now)
{
	const struct step *st = &h->u->old.steps[i];
	OWN_BUF struct buf line = BUF_INIT, text = BUF_INIT;
	OWN_FREE char *path = path_of(h, st);
	const char *why = reason(h, st, now, path, &text);
	struct stat kept;
	bool has = undo_kept(h, i, &kept) > 0;

	if (h->conflicts++ >= SHOWN_MAX && !h->u->json)
		return;
	if (h->u->json) {
		say_json(path, why, now->there ? &now->st : NULL, has ? &kept : NULL);
		return;
	}
	buf_esc(&line, path_from(path, h->u->cwd));
	buf_fmt(&line, " %s; host: ", why);
	put_side(&line, now->there ? &now->st : NULL);
	buf_str(&line, "; undo: ");
	put_side(&line, has ? &kept : NULL);
	say_error("%s", line.data);
}

/* --- the steps --- */

static struct step *add(struct undo_host *h, enum step_verb verb, size_t i,
			const struct host_entry *now)
{
	const struct step *old = &h->u->old.steps[i];
	struct step *st;

	if (h->j.n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 64;
		h->of = xrealloc(h->of, h->cap * sizeof(h->of[0]));
	}
	h->of[h->j.n] = i;
	st = journal_step(&h->j, verb, old->site, old->path);
	if (now->there)
		st->old = (struct ident){now->st.st_ino, clock_ns(&now->st.st_ctim),
					 clock_ns(&now->st.st_mtim), (uint64_t)now->st.st_size};
	st->mode = now->there ? now->st.st_mode & S_IFMT : 0;
	return st;
}

static void add_kept(struct undo_host *h, enum step_verb verb, size_t i, const struct stat *kept,
		     const struct host_entry *now)
{
	struct step *st = add(h, verb, i, now);

	st->mode = kept->st_mode;
	st->uid = kept->st_uid;
	st->gid = kept->st_gid;
	st->taken = true;
	st->take = i;
}

/* Was its directory restored by a step before?  Those come before what is in them. */
static bool is_dir_of(const char *dir, uint32_t site, const struct step *st)
{
	size_t n = (size_t)(step_leaf(st) - st->path);

	return n > 0 && site == st->site && strlen(dir) == n - 1 &&
	       memcmp(dir, st->path, n - 1) == 0;
}

static bool made_parent(struct undo_host *h, const struct step *st)
{
	if (h->made_dir && is_dir_of(h->made_dir, h->made_site, st))
		return true;
	for (size_t i = h->j.n; i-- > 0;) {
		const struct step *up = &h->j.steps[i];

		if (up->verb != STEP_PUT || !S_ISDIR(up->mode) ||
		    !is_dir_of(up->path, up->site, st))
			continue;
		h->made_dir = up->path;
		h->made_site = up->site;
		return true;
	}
	return false;
}

static void reverse_one(struct undo_host *h, size_t i)
{
	const struct step *st = &h->u->old.steps[i];
	struct host_entry now = undo_look(h, st);
	struct stat kept;
	int has = undo_kept(h, i, &kept);
	bool makes = st->verb == STEP_PUT && st->old.ino == 0;

	if (has < 0 || now.fault) {
		h->fault = has < 0 ? has : now.fault;
		return;
	}
	if ((!makes && !has) ||
	    (st->verb != STEP_PUT && st->verb != STEP_REMOVE && st->verb != STEP_META))
		return; /* it did nothing: a directory that stayed */
	if (now.no_parent && !makes && made_parent(h, st))
		now.no_parent = false;
	if (now.no_parent || !is_as_left(h, st, &now)) {
		h->lost[i] = true;
		if (!h->u->force || (now.no_parent && !makes) ||
		    (st->verb == STEP_META && !S_ISDIR(now.st.st_mode))) {
			say_conflict(h, i, &now);
			return;
		}
	}
	if (makes && now.there)
		add(h, STEP_REMOVE, i, &now);
	else if (!makes)
		add_kept(h, st->verb == STEP_META ? STEP_META : STEP_PUT, i, &kept, &now);
}

int undo_reverse(struct undo_host *h, struct err *e)
{
	const struct journal *old = &h->u->old;
	int r = own_left_load(&h->own, &h->u->pod, &h->u->records, old->id, e);

	h->lost = xcalloc(old->n + 1, sizeof(*h->lost));
	for (size_t i = 0; i < old->sites.n; i++)
		journal_site(&h->j, old->sites.v[i]);
	for (size_t i = old->n; r == 0 && h->fault == 0 && i-- > 0;)
		reverse_one(h, i);
	if (r == 0 && h->fault)
		r = err_set(e, -h->fault, "look at what undo/%s keeps and the host has", old->id);
	if (h->conflicts > SHOWN_MAX && !h->u->json)
		say_error("and %zu more", h->conflicts - SHOWN_MAX);
	return r;
}

/* 1: it is the operation's directory, and as it left it; 0: it is not; -errno: nobody knows. */
static int is_dir_as_left(const struct undo_host *h, const struct dir_time *d)
{
	OWN_FD int fd = open_beneath(h->sites[d->site].host, d->path, O_RDONLY | O_DIRECTORY, 0);
	struct stat now;

	if (is_absent(fd))
		return 0;
	if (fd < 0 || fstat(fd, &now) < 0)
		return fd < 0 ? fd : -errno;
	return now.st_ino == d->ino && clock_ns(&now.st_mtim) == d->left_ns;
}

int undo_times(struct undo_host *h, struct err *e)
{
	const struct dir_times *old = &h->u->old.dirs;

	for (size_t i = 0; i < old->n; i++) {
		const struct dir_time *d = &old->v[i];
		int is = d->has_left ? is_dir_as_left(h, d) : 0;
		struct dir_time *to;

		if (is < 0)
			return err_set(e, -is, "look at %s", esc(d->path));
		if (!is)
			continue;
		to = dir_times_add(&h->j.times, d->site, d->path);
		to->ino = d->ino;
		to->ns = d->ns;
	}
	return 0;
}
