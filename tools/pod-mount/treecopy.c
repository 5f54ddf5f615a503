/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees are the agent's: names are looked up beneath a descriptor and never followed, nothing
 * blocks on a fifo, and depth costs descriptors, of which there is a bound.
 */
#include "tools/pod-mount/treecopy.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/names.h"

#define DEPTH_MAX 2000 /* paths that a program can use are no deeper */

/* An inode that was copied: ahead to scratch/INO, or to the first of its names. */
struct seen {
	uint64_t ino, ctime_ns;
	char *path; /* beneath to; NULL: it lies in the scratch directory */
};

struct tree_copy {
	int from, scratch, to;
	bool link;       /* files are linked */
	uint64_t before; /* while copying ahead */
	struct seen *v;  /* open addressing */
	size_t n, slots;
	struct buf path; /* of the directory at hand, beneath to */
};

static uint64_t stamp(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* --- inodes --- */

static struct seen *slot_of(const struct tree_copy *c, uint64_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15ull >> 20) & (c->slots - 1);

	while (c->v[i].ino && c->v[i].ino != ino)
		i = (i + 1) & (c->slots - 1);
	return &c->v[i];
}

static const struct seen *find(const struct tree_copy *c, uint64_t ino)
{
	const struct seen *s = c->slots ? slot_of(c, ino) : NULL;

	return s && s->ino ? s : NULL;
}

static void grow(struct tree_copy *c)
{
	struct tree_copy old = *c;

	c->slots = old.slots ? 2 * old.slots : 256;
	c->v = xcalloc(c->slots, sizeof(*c->v));
	for (size_t i = 0; i < old.slots; i++)
		if (old.v[i].ino)
			*slot_of(c, old.v[i].ino) = old.v[i];
	free(old.v);
}

static void remember(struct tree_copy *c, const struct stat *st, char *path)
{
	struct seen *s;

	if (2 * (c->n + 1) >= c->slots)
		grow(c);
	s = slot_of(c, st->st_ino);
	c->n += s->ino == 0;
	free(s->path);
	*s = (struct seen){st->st_ino, stamp(&st->st_ctim), path};
}

/* --- attributes --- */

static int copy_xattr(int from, int to, const char *name)
{
	static char value[XATTR_SIZE_MAX];
	ssize_t n = fgetxattr(from, name, value, sizeof(value));

	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	return fsetxattr(to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

static int copy_xattrs(int from, int to)
{
	OWN_FREE char *names = NULL;
	ssize_t n = flistxattr(from, NULL, 0);
	int r = 0;

	if (n <= 0)
		return n < 0 && errno != EOPNOTSUPP ? -errno : 0;
	names = xcalloc(1, XATTR_LIST_MAX);
	n = flistxattr(from, names, XATTR_LIST_MAX);
	for (const char *p = names; r == 0 && p < names + n; p += strlen(p) + 1)
		r = copy_xattr(from, to, p);
	return n < 0 ? -errno : r;
}

/* The owner first, since it clears bits of the mode and capabilities; times last. */
static int copy_looks(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	int r;

	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return -errno;
	r = copy_xattrs(from, to);
	if (r < 0)
		return r;
	if (fchmod(to, st->st_mode & 07777) < 0 || futimens(to, times) < 0)
		return -errno;
	return 0;
}

static int copy_looks_at(int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* --- entries --- */

static int copy_file(int from, const char *name, const struct stat *st, int to, const char *as)
{
	OWN_FD int in =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	OWN_FD int out = -1;
	struct stat now;
	int r;

	if (in < 0 || fstat(in, &now) < 0)
		return -errno;
	if (!S_ISREG(now.st_mode) || now.st_ino != st->st_ino)
		return -EBUSY;
	out = openat(to, as, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = copy_content(in, out);
	return r < 0 ? r : copy_looks(in, out, &now);
}

static int copy_symlink(int from, const char *name, const struct stat *st, int to)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : copy_looks_at(to, name, st);
}

/* Whiteouts above all, and what a pod can make: fifos, sockets. */
static int copy_node(const struct stat *st, int to, const char *name)
{
	if (mknodat(to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0)
		return -errno;
	return copy_looks_at(to, name, st);
}

static char *beneath(const struct tree_copy *c, const char *name)
{
	return c->path.len ? xfmt("%s/%s", c->path.data, name) : xstrdup(name);
}

/* It lies in the scratch directory, and nobody has touched it since. */
static bool take_ahead(const struct tree_copy *c, const struct stat *st, int to, const char *name)
{
	const struct seen *s = find(c, st->st_ino);
	char as[24];

	if (!s || s->path || s->ctime_ns != stamp(&st->st_ctim))
		return false;
	snprintf(as, sizeof(as), "%llu", (unsigned long long)st->st_ino);
	return renameat2(c->scratch, as, to, name, RENAME_NOREPLACE) == 0;
}

static int copy_inode(struct tree_copy *c, int from, const char *name, const struct stat *st,
		      int to)
{
	if (S_ISREG(st->st_mode))
		return take_ahead(c, st, to, name) ? 0 : copy_file(from, name, st, to, name);
	if (S_ISLNK(st->st_mode))
		return copy_symlink(from, name, st, to);
	return copy_node(st, to, name);
}

/* Names of one inode are names of one inode again; where there would be too many, of another. */
static int copy_leaf(struct tree_copy *c, int from, const char *name, const struct stat *st, int to)
{
	const struct seen *s = st->st_nlink > 1 ? find(c, st->st_ino) : NULL;
	int r;

	if (c->link && linkat(from, name, to, name, 0) == 0)
		return 0;
	if (c->link && errno != EMLINK)
		return -errno;
	if (s && s->path && linkat(c->to, s->path, to, name, 0) == 0)
		return 0;
	r = copy_inode(c, from, name, st, to);
	if (r == 0 && st->st_nlink > 1)
		remember(c, st, beneath(c, name));
	return r;
}

static int copy_dir(struct tree_copy *c, int from, int to, unsigned depth);

static int copy_subdir(struct tree_copy *c, int from, const char *name, int to, unsigned depth)
{
	OWN_FD int in = open_dir(from, name), out = -1;
	size_t len = c->path.len;
	int r;

	if (in < 0)
		return in;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	out = open_dir(to, name);
	if (out < 0)
		return out;
	if (len)
		buf_char(&c->path, '/');
	buf_str(&c->path, name);
	r = copy_dir(c, in, out, depth + 1);
	c->path.len = len;
	c->path.data[len] = '\0';
	return r;
}

static int copy_names(struct tree_copy *c, int from, int to, const struct names *names,
		      unsigned depth)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		const char *name = name_text(names, i);
		struct stat st;

		if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		r = S_ISDIR(st.st_mode) ? copy_subdir(c, from, name, to, depth)
					: copy_leaf(c, from, name, &st, to);
	}
	return r;
}

/* The looks last: they have the times, and entries change them. */
static int copy_dir(struct tree_copy *c, int from, int to, unsigned depth)
{
	struct names names = {0};
	struct stat st;
	int r = depth > DEPTH_MAX ? -ELOOP : names_read(&names, from, 0);

	if (r == 0)
		r = copy_names(c, from, to, &names, depth);
	names_finish(&names);
	if (r == 0 && fstat(from, &st) < 0)
		r = -errno;
	return r < 0 ? r : copy_looks(from, to, &st);
}

static void raise_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static void finish(struct tree_copy *c)
{
	for (size_t i = 0; i < c->slots; i++)
		free(c->v[i].path);
	free(c->v);
	buf_finish(&c->path);
}

int tree_link(int from, int to)
{
	struct tree_copy c = {.from = from, .to = to, .scratch = -1, .link = true};
	int r;

	raise_limit();
	r = copy_dir(&c, from, to, 0);
	finish(&c);
	return r;
}

int tree_link_file(int from, const char *name, int to)
{
	struct tree_copy c = {.from = from, .to = to, .scratch = -1, .link = true};
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r = copy_leaf(&c, from, name, &st, to);
	finish(&c);
	return r;
}

int tree_copy_looks(int from, int to)
{
	struct stat st;

	return fstat(from, &st) < 0 ? -errno : copy_looks(from, to, &st);
}

/* --- ahead --- */

/* Where a file shares its blocks with its copy nothing is gained by copying ahead. */
static bool shares_blocks(const struct tree_copy *c, int from, const char *name)
{
	OWN_FD int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	OWN_FD int out = openat(c->scratch, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return in >= 0 && out >= 0 && ioctl(out, FICLONE, in) == 0;
}

static void ahead_file(struct tree_copy *c, int from, const char *name, const struct stat *st)
{
	char as[24];

	if (st->st_nlink > 1 || st->st_size == 0 || stamp(&st->st_ctim) >= c->before)
		return;
	if (c->n == 0 && shares_blocks(c, from, name)) {
		c->before = 0;
		return;
	}
	snprintf(as, sizeof(as), "%llu", (unsigned long long)st->st_ino);
	if (copy_file(from, name, st, c->scratch, as) == 0)
		remember(c, st, NULL);
	else
		unlinkat(c->scratch, as, 0);
}

static void ahead_dir(struct tree_copy *c, int from, unsigned depth)
{
	struct names names = {0};

	if (depth > DEPTH_MAX || names_read(&names, from, 0) < 0)
		return;
	for (size_t i = 0; i < names.n && c->before; i++) {
		const char *name = name_text(&names, i);
		OWN_FD int sub = -1;
		struct stat st;

		if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			ahead_file(c, from, name, &st);
		if (S_ISDIR(st.st_mode) && (sub = open_dir(from, name)) >= 0)
			ahead_dir(c, sub, depth + 1);
	}
	names_finish(&names);
}

struct tree_copy *tree_copy_new(int from, int scratch)
{
	struct tree_copy *c = xcalloc(1, sizeof(*c));

	raise_limit();
	*c = (struct tree_copy){.from = from, .scratch = scratch, .to = -1};
	return c;
}

void tree_copy_ahead(struct tree_copy *c, uint64_t before_ns)
{
	c->before = before_ns;
	ahead_dir(c, c->from, 0);
}

int tree_copy_rest(struct tree_copy *c, int to)
{
	c->to = to;
	return copy_dir(c, c->from, to, 0);
}

void tree_copy_free(struct tree_copy *c)
{
	if (c)
		finish(c);
	free(c);
}
