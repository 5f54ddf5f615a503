/* SPDX-License-Identifier: Apache-2.0 */
/* Directories, deleting and moving. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/acts.h"
#include "tools/pod-action/keep.h"
#include "tools/pod-action/state.h"

#define DEPTH_MAX 256

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static int open_param(const struct request *q, const char *key, struct place *p, struct err *e)
{
	OWN_FREE char *path = member_need(q->params, key, e);

	return path ? place_open(p, path, e) : -e->code;
}

/* The parents of path that are missing, the outermost first, path itself last. */
static int missing(const char *path, struct strv *out, struct err *e)
{
	OWN_FREE char *clean = xstrdup(path);
	OWN_STRV struct strv inner = {0};
	struct stat st;

	for (size_t n = strlen(clean); n > 1 && clean[n - 1] == '/'; n--)
		clean[n - 1] = '\0';
	for (;;) {
		char *slash = strrchr(clean, '/');

		if (stat(clean, &st) == 0)
			break;
		if (errno != ENOENT)
			return err_set(e, errno, "look at %s", esc(clean));
		strv_add(&inner, clean);
		if (!slash || slash == clean)
			break;
		*slash = '\0';
	}
	for (size_t i = inner.n; i-- > 0;)
		strv_add(out, inner.v[i]);
	return 0;
}

static void take_back(const struct strv *made)
{
	for (size_t i = made->n; i-- > 0;)
		rmdir(made->v[i]);
}

static int make_dir(const char *path, struct strv *made, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	int r = place_open(&p, path, e);

	if (r < 0)
		return r;
	if (mkdirat(p.dir, p.leaf, 0755) < 0)
		return err_set(e, errno, "make %s", esc(path));
	strv_add(made, p.real);
	if (!utf8_ok(p.real))
		return err_set(e, ERR_PLAIN, "make %s: its path is no UTF-8", esc(path));
	return 0;
}

int act_dir_create(const struct request *q, struct reply *y, struct err *e)
{
	OWN_FREE char *path = member_need(q->params, "path", e);
	OWN_STRV struct strv all = {0}, made = {0};
	int r = path ? missing(path, &all, e) : -e->code;

	if (r == 0 && all.n == 0)
		r = err_set(e, EEXIST, "make %s", esc(path));
	for (size_t i = 0; r == 0 && i < all.n; i++)
		r = make_dir(all.v[i], &made, e);
	if (r < 0) {
		take_back(&made);
		return r;
	}
	jw_kstr(&y->result, "path", made.v[made.n - 1]);
	jw_kstr(&y->undo, "do", "rmdir");
	jw_kstrv(&y->undo, "paths", made.v);
	return 0;
}

static int check_kind(const struct place *p, bool dir, bool all, struct err *e)
{
	struct stat st;
	int r = place_stat(p, &st, e);

	if (r <= 0)
		return r < 0 ? r : err_set(e, ENOENT, "delete %s", esc(p->path));
	if (dir && !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "delete %s", esc(p->path));
	if (!dir && S_ISDIR(st.st_mode) && !all)
		return err_set(e, ERR_PLAIN,
			       "delete %s: it is a directory; say recursive, or take dir_delete",
			       esc(p->path));
	return S_ISDIR(st.st_mode) ? 1 : 0;
}

static int refuse_tree(const char *name, const char *why, struct err *e)
{
	return err_set(e, ERR_PLAIN, "delete %s: %s; nothing was deleted", esc(name), why);
}

/* in: the directory that is to take it in, or NULL. */
static int check_removable(int at, const char *name, const struct stat *in, unsigned depth,
			   struct err *e);

/* By its number, not by its path: a mount can show it in a second place. */
static bool is_same(int fd, const struct stat *in)
{
	struct stat st;

	return in && (fstat(fd, &st) < 0 || (st.st_dev == in->st_dev && st.st_ino == in->st_ino));
}

static int check_below(int fd, const char *name, const struct stat *in, unsigned depth,
		       struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const char *next;
	bool any = false;
	int r = 0;

	if (!d || depth > DEPTH_MAX)
		return refuse_tree(name, "it cannot be looked at", e);
	if (is_same(fd, in))
		return refuse_tree(name, "it is where all of it would be moved to", e);
	while (r == 0 && (r = dir_next(d, &next)) > 0) {
		any = true;
		r = check_removable(fd, next, in, depth + 1, e);
	}
	if (r < 0)
		return e->code ? r : err_set(e, -r, "look at %s", esc(name));
	if (any && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return refuse_tree(name, "this directory in it may not be written to", e);
	return 0;
}

/* A tree of which a part cannot be deleted must not lose the other part. */
static int check_removable(int at, const char *name, const struct stat *in, unsigned depth,
			   struct err *e)
{
	struct statx st = {0};
	OWN_FD int fd = -1;

	if (statx(at, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) < 0)
		return err_set(e, errno, "look at %s", esc(name));
	if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return refuse_tree(name, "something is mounted there", e);
	if (!S_ISDIR(st.stx_mode))
		return 0;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? refuse_tree(name, strerror(errno), e) : check_below(fd, name, in, depth, e);
}

static int remove_it(const struct place *p, bool is_dir, bool all, struct err *e)
{
	int r = 0;

	if (!is_dir || !all)
		r = unlinkat(p->dir, p->leaf, is_dir ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
	else
		r = remove_tree_at(p->dir, p->leaf);
	if (r == -ENOTEMPTY && !all)
		return err_set(e, ERR_PLAIN,
			       "delete %s: it is not empty; say recursive to delete all of it",
			       esc(p->path));
	return r < 0 ? err_set(e, -r, "delete %s", esc(p->path)) : 0;
}

static int delete (const struct request *q, bool dir, struct reply *y, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	bool all = false, kept;
	int is_dir, r = member_flag(q->params, "recursive", &all, e);

	if (r >= 0)
		r = open_param(q, "path", &p, e);
	if (r < 0)
		return r;
	is_dir = check_kind(&p, dir, all, e);
	if (is_dir < 0)
		return is_dir;
	if (is_dir && all && check_removable(p.dir, p.leaf, NULL, 0, e) < 0)
		return -e->code;
	kept = keep_put(&p, y);
	r = remove_it(&p, is_dir, all, e);
	if (r < 0)
		return r;
	jw_kstr(&y->result, "path", p.real);
	if (kept && !utf8_ok(p.real))
		reply_never(y, "its path is no UTF-8");
	if (!kept)
		return 0;
	jw_kstr(&y->undo, "do", "restore");
	jw_kstr(&y->undo, "path", p.real);
	jw_kstr(&y->undo, "state", "absent");
	return 0;
}

int act_file_delete(const struct request *q, struct reply *y, struct err *e)
{
	return delete (q, false, y, e);
}

int act_dir_delete(const struct request *q, struct reply *y, struct err *e)
{
	return delete (q, true, y, e);
}

/*
 * overlayfs moves no directory that the host has, and no file system moves to another one: then it
 * is copied, by way of what undo would bring back, and only when the copy stands is it deleted.  A
 * mount's root, which cannot be deleted, would be emptied: what the pod shares with the host.
 */
static int move_by_copy(const struct place *src, const struct place *dst, struct err *e)
{
	OWN_FREE char *temp = NULL;
	OWN_FD int fd = -1;
	struct reply kept;
	struct stat in;
	int r = fstat(dst->dir, &in) < 0 ? err_set(e, errno, "look beside %s", esc(dst->path)) : 0;

	if (r == 0 && faccessat(src->dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
		r = err_set(e, errno, "move %s from its directory", esc(src->path));
	if (r == 0 && check_removable(src->dir, src->leaf, &in, 0, e) < 0)
		r = err_wrap(e, "move %s to another place", esc(src->path));
	if (r == 0)
		r = fd = place_temp(dst, &temp, e);
	if (r < 0)
		return r;
	r = 0;

	if (r == 0 && unlinkat(dst->dir, temp, 0) < 0)
		r = err_set(e, errno, "make a file beside %s", esc(dst->path));
	if (r < 0)
		return r;
	reply_init(&kept);
	if (!keep_put_to(fd, src, &kept))
		r = err_set(e, ERR_PLAIN, "move %s to another place: %s", esc(src->path),
			    kept.never);
	reply_finish(&kept);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_set(e, errno, "read the copy of %s", esc(src->path));
	if (r == 0)
		r = keep_get_from(fd, dst, false, e);
	if (r < 0)
		return r;
	r = remove_tree_at(src->dir, src->leaf);
	return r < 0 ? err_set(e, -r, "delete %s, which was copied to %s", esc(src->path),
			       esc(dst->path))
		     : 0;
}

static int move(const struct place *src, const struct place *dst, struct err *e)
{
	if (renameat2(src->dir, src->leaf, dst->dir, dst->leaf, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EXDEV)
		return move_by_copy(src, dst, e);
	return err_set(e, errno, "move %s to %s", esc(src->path), esc(dst->path));
}

static int say_move(const struct place *src, const struct place *dst, struct reply *y,
		    struct err *e)
{
	char left[STATE_HEX];
	int r = state_of(dst, left, e);

	jw_kstr(&y->result, "path", dst->real);
	if (!utf8_ok(src->real) || !utf8_ok(dst->real))
		reply_never(y, "its path is no UTF-8");
	jw_kstr(&y->undo, "do", "move");
	jw_kstr(&y->undo, "path", src->real);
	jw_kstr(&y->undo, "from", dst->real);
	jw_kstr(&y->undo, "state", left);
	return r;
}

int act_file_move(const struct request *q, struct reply *y, struct err *e)
{
	OWN_PLACE struct place src = PLACE_INIT, dst = PLACE_INIT;
	int r = open_param(q, "src", &src, e);

	if (r >= 0)
		r = open_param(q, "dst", &dst, e);
	if (r >= 0)
		r = move(&src, &dst, e);
	return r < 0 ? r : say_move(&src, &dst, y, e);
}

/* --- taking back --- */

static int open_undo(const struct request *q, const char *key, struct place *p, struct err *e)
{
	OWN_FREE char *path = member_need(q->undo, key, e);

	return path ? place_open_real(p, path, e) : -e->code;
}

static int check_left(const struct request *q, const struct place *p, struct err *e)
{
	OWN_FREE char *state = member_need(q->undo, "state", e);

	return state ? state_check(p, state, e) : -e->code;
}

static int undo_remove(const struct request *q, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	int r = open_undo(q, "path", &p, e);

	if (r >= 0)
		r = check_left(q, &p, e);
	if (r >= 0 && unlinkat(p.dir, p.leaf, 0) < 0)
		r = err_set(e, errno, "remove %s", esc(p.path));
	return r;
}

static int undo_restore(const struct request *q, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	struct stat st;
	int r = open_undo(q, "path", &p, e);

	if (r >= 0)
		r = check_left(q, &p, e);
	if (r >= 0)
		r = place_stat(&p, &st, e);
	if (r == 1 && S_ISREG(st.st_mode) && st.st_nlink > 1)
		return keep_get_within(&p, e);
	return r < 0 ? r : keep_get(&p, r == 1, e);
}

static int undo_cut(const struct request *q, struct err *e)
{
	OWN_PLACE struct place p = PLACE_INIT;
	OWN_FD int fd = -1;
	int64_t size = -1, sec = 0, nsec = 0;
	int r = open_undo(q, "path", &p, e);

	if (r >= 0)
		r = check_left(q, &p, e);
	if (r >= 0)
		r = member_number(q->undo, "size", &size, e);
	if (r >= 0)
		r = member_number(q->undo, "sec", &sec, e);
	if (r >= 0)
		r = member_number(q->undo, "nsec", &nsec, e);
	if (r < 0)
		return r;
	fd = openat(p.dir, p.leaf, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || size < 0 || ftruncate(fd, size) < 0 ||
	    futimens(fd, (struct timespec[]){{.tv_nsec = UTIME_OMIT}, {sec, nsec}}) < 0)
		return err_set(e, errno, "cut %s", esc(p.path));
	return 0;
}

static int undo_move(const struct request *q, struct err *e)
{
	OWN_PLACE struct place src = PLACE_INIT, dst = PLACE_INIT;
	int r = open_undo(q, "path", &src, e);

	if (r >= 0)
		r = open_undo(q, "from", &dst, e);
	if (r >= 0)
		r = check_left(q, &dst, e);
	return r < 0 ? r : move(&dst, &src, e);
}

/* All of them empty but for each other, or none goes. */
static int undo_rmdir(const struct request *q, struct err *e)
{
	OWN_STRV struct strv paths = {0};
	int r = member_list(q->undo, "paths", &paths, e);
	size_t gone = paths.n;

	while (r >= 0 && gone > 0) {
		OWN_PLACE struct place p = PLACE_INIT;

		r = place_open_real(&p, paths.v[gone - 1], e);
		if (r >= 0 && unlinkat(p.dir, p.leaf, AT_REMOVEDIR) < 0)
			r = err_set(e, errno == ENOTEMPTY ? ERR_PLAIN : errno, "remove %s%s",
				    esc(p.path),
				    errno == ENOTEMPTY ? ": something was put into it since" : "");
		gone -= r >= 0;
	}
	for (; r < 0 && gone < paths.n; gone++)
		if (mkdir(paths.v[gone], 0755) < 0)
			break;
	return r < 0 ? r : 0;
}

int undo_file(const struct request *q, struct reply *y, struct err *e)
{
	static const struct {
		const char *word;
		int (*run)(const struct request *q, struct err *e);
	} ways[] = {
		{"remove", undo_remove}, {"restore", undo_restore}, {"cut", undo_cut},
		{"move", undo_move},     {"rmdir", undo_rmdir},
	};
	OWN_FREE char *word = member_need(q->undo, "do", e);

	(void)y;
	for (size_t i = 0; word && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].word, word) == 0)
			return ways[i].run(q, e);
	return word ? err_set(e, ERR_PLAIN, "undo: %s is nothing that files know", esc(word))
		    : -e->code;
}
