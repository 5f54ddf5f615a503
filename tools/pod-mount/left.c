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
static void restore_time(int parent, const struct step *st)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = (time_t)(st->staged_mtime_ns / 1000000000u),
		 .tv_nsec = (long)(st->staged_mtime_ns % 1000000000u)},
	};

	utimensat(parent, step_leaf(st), times, AT_SYMLINK_NOFOLLOW);
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

static int open_dir(const struct run *r, const struct dir_time *d, struct stat *st)
{
	int fd = open_beneath(r->sites[d->site].host, d->path, O_RDONLY | O_DIRECTORY, 0);

	if (fd >= 0 && fstat(fd, st) == 0)
		return fd;
	own_close(&fd);
	return -1;
}

void run_note_dirs(struct run *r)
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
		d->ino = fd < 0 ? 0 : now.st_ino; /* 0: a step makes it */
		d->ns = fd < 0 ? 0 : clock_ns(&now.st_mtim);
	}
}

static void set_times(const struct run *r)
{
	for (size_t i = 0; i < r->j->times.n; i++) {
		const struct dir_time *d = &r->j->times.v[i];
		const struct timespec times[2] = {
			{.tv_nsec = UTIME_OMIT},
			{(time_t)(d->ns / 1000000000u), (long)(d->ns % 1000000000u)},
		};
		struct stat now;
		OWN_FD int fd = open_dir(r, d, &now);

		if (fd >= 0 && now.st_ino == d->ino)
			futimens(fd, times);
	}
}

static void note_dirs(struct run *r)
{
	for (size_t i = 0; i < r->j->dirs.n; i++) {
		struct dir_time *d = &r->j->dirs.v[i];
		struct stat now;
		OWN_FD int fd = open_dir(r, d, &now);

		d->has_left = fd >= 0 && now.st_ino == d->ino;
		d->left_ns = d->has_left ? clock_ns(&now.st_mtim) : 0;
	}
}

void run_left(struct run *r)
{
	/* From the deepest up: a directory's time is set after those of what is in it. */
	for (size_t i = r->j->n; i-- > 0;) {
		struct step *st = &r->j->steps[i];
		int parent;
		struct stat now;
		bool there;

		if (st->verb != STEP_PUT && st->verb != STEP_REMOVE && st->verb != STEP_META)
			continue;
		parent = run_parent(r, st);
		there = parent >= 0 && entry_look(parent, step_leaf(st), &now);
		if (st->verb == STEP_REMOVE) {
			if (!there)
				note(st, NULL);
			continue;
		}
		if (!there || !is_ours(st, &now))
			continue;
		if (st->verb == STEP_PUT && S_ISDIR(now.st_mode)) {
			restore_time(parent, st);
			entry_look(parent, step_leaf(st), &now);
		}
		note(st, &now);
	}
	set_times(r);
	note_dirs(r);
}
