/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operation left on the host, for the day it is taken back: whatever is not that any more
 * is somebody's work since.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/step.h"

/* A directory was given its time before its entries came. */
static int restore_time(int parent, const struct step *st)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = (time_t)(st->staged_mtime_ns / 1000000000u),
		 .tv_nsec = (long)(st->staged_mtime_ns % 1000000000u)},
	};

	return utimensat(parent, step_leaf(st), times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* Is it still the entry that was staged, which nobody wrote to since? */
static bool is_ours(const struct step *st, const struct stat *now)
{
	if (st->verb == STEP_META)
		return now->st_ino == st->old.ino && S_ISDIR(now->st_mode);
	if (now->st_ino != st->staged)
		return false;
	return S_ISDIR(now->st_mode) || (clock_ns(&now->st_mtim) == st->staged_mtime_ns &&
					 (uint64_t)now->st_size == st->staged_size);
}

static void note(struct step *st, const struct stat *now)
{
	st->has_left = true;
	st->left = (struct ident){0};
	st->left_mode = 0;
	if (!now)
		return;
	st->left = (struct ident){now->st_ino, clock_ns(&now->st_ctim), clock_ns(&now->st_mtim),
				  (uint64_t)now->st_size};
	st->left_mode = now->st_mode;
}

/* --- directories that others' entries come and go in --- */

/* -ENOENT: the host has none (another type neither); else nobody knows. */
static int open_dir(const struct run *r, const struct dir_time *d, struct stat *st)
{
	OWN_FD int fd = open_beneath(r->sites[d->site].host, d->path, O_RDONLY | O_DIRECTORY, 0);

	if (is_absent(fd))
		return -ENOENT;
	if (fd >= 0 && fstat(fd, st) < 0)
		return -errno;
	return take_fd(&fd);
}

static int failed(const struct run *r, const struct dir_time *d, int code, struct err *e)
{
	OWN_FREE char *path = path_clean(r->sites[d->site].cover, d->path);

	return err_set(e, code, "look at %s", esc(path));
}

int run_note_dirs(struct run *r, struct err *e)
{
	const struct step *last = NULL;

	for (size_t i = 0; i < r->j->n; i++) {
		const struct step *st = &r->j->steps[i];
		size_t n = (size_t)(step_leaf(st) - st->path);
		OWN_FREE char *dir = xfmt("%.*s", n ? (int)n - 1 : 0, st->path);
		OWN_FD int fd = -1;
		struct dir_time *d;
		struct stat now;

		if ((st->verb != STEP_PUT && st->verb != STEP_REMOVE) ||
		    (last && last->site == st->site &&
		     (size_t)(step_leaf(last) - last->path) == n &&
		     memcmp(last->path, st->path, n) == 0))
			continue;
		last = st;
		d = dir_times_add(&r->j->dirs, st->site, dir);
		fd = open_dir(r, d, &now);
		if (fd < 0 && fd != -ENOENT)
			return failed(r, d, -fd, e);
		d->ino = fd < 0 ? 0 : now.st_ino; /* 0: a step makes it */
		d->ns = fd < 0 ? 0 : clock_ns(&now.st_mtim);
	}
	return 0;
}

static int set_times(const struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->j->times.n; i++) {
		const struct dir_time *d = &r->j->times.v[i];
		const struct timespec times[2] = {
			{.tv_nsec = UTIME_OMIT},
			{(time_t)(d->ns / 1000000000u), (long)(d->ns % 1000000000u)},
		};
		struct stat now;
		OWN_FD int fd = open_dir(r, d, &now);

		if (fd < 0 && fd != -ENOENT)
			return failed(r, d, -fd, e);
		if (fd >= 0 && now.st_ino == d->ino && futimens(fd, times) < 0)
			return failed(r, d, errno, e);
	}
	return 0;
}

static int note_dirs(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->j->dirs.n; i++) {
		struct dir_time *d = &r->j->dirs.v[i];
		struct stat now;
		OWN_FD int fd = open_dir(r, d, &now);

		if (fd < 0 && fd != -ENOENT)
			return failed(r, d, -fd, e);
		d->has_left = fd >= 0 && now.st_ino == d->ino;
		d->left_ns = d->has_left ? clock_ns(&now.st_mtim) : 0;
	}
	return 0;
}

/* What the host has at a step's path: 1, 0, or -errno: nobody knows. */
static int find(struct run *r, const struct step *st, struct stat *now)
{
	int parent = run_parent(r, st);

	if (parent < 0)
		return is_absent(parent) ? 0 : parent;
	return entry_find(parent, step_leaf(st), now);
}

static int left_one(struct run *r, struct step *st)
{
	struct stat now;
	int there = find(r, st, &now);

	if (there < 0)
		return there;
	if (st->verb == STEP_REMOVE) {
		if (!there)
			note(st, NULL);
		return 0;
	}
	if (!there || !is_ours(st, &now))
		return 0;
	if (st->verb == STEP_PUT && S_ISDIR(now.st_mode)) {
		there = restore_time(run_parent(r, st), st);
		if (there == 0)
			there = find(r, st, &now);
	}
	if (there >= 0)
		note(st, &now);
	return there < 0 ? there : 0;
}

int run_left(struct run *r, struct err *e)
{
	int x = 0;

	/* From the deepest up: a directory's time is set after those of what is in it. */
	for (size_t i = r->j->n; i-- > 0 && x == 0;) {
		struct step *st = &r->j->steps[i];

		if (st->verb != STEP_PUT && st->verb != STEP_REMOVE && st->verb != STEP_META)
			continue;
		x = left_one(r, st);
		if (x < 0)
			x = run_failed(r, st, -x, "look at what is left of", e);
	}
	if (x == 0)
		x = set_times(r, e);
	return x < 0 ? x : note_dirs(r, e);
}
