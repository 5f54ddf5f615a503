/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pre-images come back below a directory of their own beside the place, and take its name as a
 * whole; only a file that has other names gets its content back where it lies, as it was written.
 * The archive is what this program wrote, but lay where nobody of the pod could reach it: its paths
 * are checked all the same, by opening beneath.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-action/keep.h"
#include "tools/pod-action/looks.h"

/* Directories get their looks when all that is below them is there. */
struct later {
	char *path;
	struct tar_entry looks;
};

struct bring {
	int top; /* a directory, new, beside the place; the tree's name in there is "x" */
	struct later *dirs;
	size_t n_dirs;
};

static ssize_t read_kept(void *from, void *data, size_t n, struct err *e)
{
	ssize_t got = read_full(*(const int *)from, data, n);

	return got < 0 ? err_set(e, (int)-got, "read what was kept") : got;
}

/* "." is x, "./a" is x/a. */
static char *path_of(const struct tar_entry *t, const char *key)
{
	const char *path = tar_str(t, key);

	return path && path[0] == '.' && (path[1] == '/' || !path[1]) ? xfmt("x%s", path + 1)
								      : NULL;
}

static int bring_file(struct bring *b, struct tar_reader *r, const struct tar_entry *t, int parent,
		      const char *leaf, struct err *e)
{
	static char block[65536];
	OWN_FREE char *same = path_of(t, "ENVPOD.same");
	OWN_FD int fd = -1;
	ssize_t n;
	int s = 0;

	if (same)
		return linkat(b->top, same, parent, leaf, 0) < 0 ? -errno : 0;
	fd = openat(parent, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (s == 0 && (n = tar_read(r, block, sizeof(block), e)) != 0)
		s = n < 0 ? (int)n : write_full(fd, block, (size_t)n);
	return s < 0 ? s : looks_apply(fd, t);
}

static int bring_dir(struct bring *b, struct tar_entry *t, int parent, const char *leaf)
{
	if (mkdirat(parent, leaf, 0700) < 0)
		return -errno;
	if ((b->n_dirs & (b->n_dirs - 1)) == 0)
		b->dirs = xrealloc(b->dirs, (b->n_dirs ? 2 * b->n_dirs : 1) * sizeof(b->dirs[0]));
	b->dirs[b->n_dirs++] = (struct later){path_of(t, "path"), *t};
	*t = (struct tar_entry){0}; /* it has its records now */
	return 0;
}

/* Links and pipes are theirs who make them; their times are set by name. */
static int set_time(int parent, const char *leaf, const struct tar_entry *t)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, t->mtime};

	if (fchownat(parent, leaf, (uid_t)t->uid, (gid_t)t->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return utimensat(parent, leaf, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int bring_other(const struct tar_entry *t, int parent, const char *leaf)
{
	int r;

	if (t->type == '2')
		r = symlinkat(tar_str(t, "linkpath"), parent, leaf);
	else if (t->type == '6')
		r = mkfifoat(parent, leaf, t->mode) | fchmodat(parent, leaf, t->mode, 0);
	else
		return -EINVAL;
	return r < 0 ? -errno : set_time(parent, leaf, t);
}

static int bring_one(struct bring *b, struct tar_reader *r, struct tar_entry *t, struct err *e)
{
	OWN_FREE char *path = path_of(t, "path");
	const char *leaf = NULL;
	OWN_FD int parent = path ? open_parent_beneath(b->top, path, &leaf) : -EINVAL;
	int s;

	if (parent < 0)
		s = parent;
	else if (t->type == '0')
		s = bring_file(b, r, t, parent, leaf, e);
	else if (t->type == '5')
		s = bring_dir(b, t, parent, leaf);
	else
		s = bring_other(t, parent, leaf);
	if (s < 0 && !e->code)
		err_set(e, -s, "bring back %s", esc(path ? path + 1 : "what was kept"));
	return s;
}

/* The innermost first: what is made in a directory changes its time. */
static int finish_dirs(struct bring *b, struct err *e)
{
	for (size_t i = b->n_dirs; i-- > 0;) {
		OWN_FD int fd = open_beneath(b->top, b->dirs[i].path, O_RDONLY | O_DIRECTORY, 0);
		int r = fd < 0 ? fd : looks_apply(fd, &b->dirs[i].looks);

		if (r < 0)
			return err_set(e, -r, "bring back %s", esc(b->dirs[i].path + 1));
	}
	return 0;
}

static int bring_all(struct bring *b, int fd, struct err *e)
{
	struct tar_reader reader = {.read = read_kept, .from = &fd};
	OWN_TAR_ENTRY struct tar_entry t = {0};
	int r;

	while ((r = tar_next(&reader, &t, e)) > 0) {
		r = bring_one(b, &reader, &t, e);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : finish_dirs(b, e);
}

static void bring_finish(struct bring *b)
{
	for (size_t i = 0; i < b->n_dirs; i++) {
		free(b->dirs[i].path);
		tar_entry_finish(&b->dirs[i].looks);
	}
	free(b->dirs);
	own_close(&b->top);
}

static int make_top(const struct place *p, char **name, struct err *e)
{
	unsigned random = 0;
	int fd;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_set(e, errno, "get random bytes");
	*name = xfmt(".envpod-%08x", random);
	if (mkdirat(p->dir, *name, 0700) < 0) {
		free(take_ptr(*name));
		return err_set(e, errno, "make a directory beside %s", esc(p->path));
	}
	fd = openat(p->dir, *name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open a directory beside %s", esc(p->path)) : fd;
}

/*
 * A directory's own looks are among what bring_all() gave it, and a directory that one may not
 * write to cannot be moved to another: its mode comes last.
 */
static int take_place(struct bring *b, const struct place *p, bool replace, struct err *e)
{
	struct stat st;
	bool closed;
	int r;

	if (fstatat(b->top, "x", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, ERR_PLAIN, "%s: nothing was kept of it", esc(p->path));
	closed = S_ISDIR(st.st_mode) && !(st.st_mode & 0200);
	if (closed && fchmodat(b->top, "x", 0700, 0) < 0)
		return err_set(e, errno, "bring back %s", esc(p->path));
	r = renameat2(b->top, "x", p->dir, p->leaf, replace ? 0 : 1 /* RENAME_NOREPLACE */);
	if (r < 0)
		return err_set(e, errno, "bring back %s", esc(p->path));
	if (closed && fchmodat(p->dir, p->leaf, st.st_mode & 07777, 0) < 0)
		return err_set(e, errno, "give %s its mode", esc(p->path));
	return 0;
}

/* Room first: there is no way back from half of it, but to do it again. */
static int pour(int from, int to, const struct stat *st)
{
	static char block[65536];
	ssize_t n;
	int r = 0;

	if (st->st_size > 0 && fallocate(to, 0, 0, st->st_size) < 0 && errno != EOPNOTSUPP)
		return -errno;
	while (r == 0 && (n = read(from, block, sizeof(block))) != 0)
		r = n < 0 ? -errno : write_full(to, block, (size_t)n);
	return r == 0 && ftruncate(to, st->st_size) < 0 ? -errno : r;
}

/* The content and the looks, and not the name: the file has others. */
static int take_content(struct bring *b, const struct place *p, bool replace, struct err *e)
{
	OWN_FD int from = openat(b->top, "x", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	OWN_FD int to = openat(p->dir, p->leaf, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	(void)replace;
	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_PLAIN, "%s: no file was kept of it", esc(p->path));
	r = to < 0 ? -errno : pour(from, to, &st);
	if (r == 0)
		r = looks_copy(from, &st, to);
	if (r == 0 && (futimens(to, (struct timespec[]){{.tv_nsec = UTIME_OMIT}, st.st_mtim}) < 0 ||
		       fsync(to) < 0))
		r = -errno;
	return r < 0 ? err_set(e, -r, "bring back %s", esc(p->path)) : 0;
}

static int bring_back(int fd, const struct place *p, bool replace,
		      int (*take)(struct bring *b, const struct place *p, bool replace,
				  struct err *e),
		      struct err *e)
{
	struct bring b __attribute__((cleanup(bring_finish))) = {.top = -1};
	OWN_FREE char *name = NULL;
	int r;

	b.top = make_top(p, &name, e);
	r = b.top < 0 ? b.top : bring_all(&b, fd, e);
	if (r == 0)
		r = take(&b, p, replace, e);
	if (name)
		remove_tree_at(p->dir, name);
	return r;
}

int keep_get_from(int fd, const struct place *p, bool replace, struct err *e)
{
	return bring_back(fd, p, replace, take_place, e);
}

int keep_get(const struct place *p, bool replace, struct err *e)
{
	return keep_get_from(KEEP_FD, p, replace, e);
}

int keep_get_within(const struct place *p, struct err *e)
{
	return bring_back(KEEP_FD, p, true, take_content, e);
}
