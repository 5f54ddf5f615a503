/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each entry is made beside its place and moved there, below a descriptor and through no symlink:
 * what stood there before is replaced as a name, and never written through.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-upload/sparse.h"
#include "tools/pod-upload/unpack.h"

#define PIECE 65536

int land_not(struct unpacker *u, const char *path, const char *why)
{
	say_warn("left out: %s (%s)", esc(path), why);
	u->left_out = true;
	return 0;
}

/* No place for this one; the next may have one. */
static int no_place(struct unpacker *u, const char *path, int code, struct err *e)
{
	if (code == ENOSPC || code == EDQUOT || code == EROFS || code == EIO)
		return err_set(e, code, "write %s", esc(path));
	return land_not(u, path,
			code == ELOOP || code == ENOTDIR ? "something else is in the way"
							 : strerror(code));
}

/* Where it goes to: its directory, made where the archive did not name it. */
static int open_above(struct unpacker *u, const char *path, const char **leaf)
{
	const char *slash = strrchr(path, '/');
	OWN_FREE char *above = slash ? xfmt("%.*s", (int)(slash - path), path) : NULL;
	int fd;

	*leaf = slash ? slash + 1 : path;
	fd = open_beneath(u->dir, above ? above : "", O_RDONLY | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;
	mkdir_p_at(u->dir, above, 0777);
	return open_beneath(u->dir, above, O_RDONLY | O_DIRECTORY, 0);
}

static void temporary(char name[32])
{
	uint32_t n = 0;

	if (getrandom(&n, sizeof(n), 0) < 0)
		n = (uint32_t)getpid();
	snprintf(name, 32, ".envpod-cp.%08" PRIx32, n);
}

/* Something by a temporary name takes its place; a directory there stays. */
static int move_in(int dir, const char *made, const char *leaf)
{
	int r = renameat(dir, made, dir, leaf) < 0 ? -errno : 0;

	if (r < 0)
		unlinkat(dir, made, 0);
	return r;
}

static mode_t mode_of(const struct unpacker *u, const struct tar_entry *t)
{
	mode_t mode = t->mode & 0777;

	return u->ask->archive ? mode : mode & ~u->mask;
}

/* --- files --- */

/* Without a name where the filesystem has that: an interrupted one leaves nothing. */
static int open_new(int dir, char made[32])
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	made[0] = '\0';
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? -errno : fd;
	temporary(made);
	fd = openat(dir, made, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int name_it(int dir, int fd, char made[32], const char *leaf)
{
	char self[40];

	if (made[0])
		return move_in(dir, made, leaf);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, dir, leaf, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	temporary(made);
	if (linkat(AT_FDCWD, self, dir, made, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return move_in(dir, made, leaf);
}

/* The parts where they belong, holes between them. */
static int fill(struct unpacker *u, int fd, const struct sparse *s, const char *path, struct err *e)
{
	char data[PIECE];

	for (size_t i = 0; i < s->n; i++) {
		uint64_t left = s->v[i].len;

		if (lseek(fd, (off_t)s->v[i].at, SEEK_SET) < 0)
			return err_set(e, errno, "write %s", esc(path));
		while (left > 0) {
			ssize_t n = tar_read(u->r, data, left < PIECE ? (size_t)left : PIECE, e);
			int r = n > 0 ? write_full(fd, data, (size_t)n) : 0;

			if (n <= 0)
				return n < 0 ? (int)n
					     : err_set(e, ERR_PLAIN, "the archive is cut off");
			if (r < 0)
				return err_set(e, -r, "write %s", esc(path));
			left -= (uint64_t)n;
		}
	}
	return ftruncate(fd, (off_t)s->size) < 0 ? err_set(e, errno, "write %s", esc(path)) : 0;
}

static void dress(const struct unpacker *u, const struct tar_entry *t, int fd)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, t->mtime};

	fchmod(fd, mode_of(u, t));
	if (u->ask->archive)
		futimens(fd, times);
}

int land_file(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e)
{
	OWN_SPARSE struct sparse s = {0};
	const char *leaf;
	char made[32];
	OWN_FD int dir = -1, fd = -1;
	int r;

	if (sparse_read(&s, t) < 0)
		return err_set(e, ERR_PLAIN, "the archive has a map of %s that cannot be",
			       esc(path));
	dir = open_above(u, path, &leaf);
	if (dir < 0)
		return no_place(u, path, -dir, e);
	fd = open_new(dir, made);
	if (fd < 0)
		return no_place(u, path, -fd, e);
	r = fill(u, fd, &s, path, e);
	if (r < 0) {
		if (made[0])
			unlinkat(dir, made, 0);
		return r;
	}
	dress(u, t, fd);
	r = name_it(dir, fd, made, leaf);
	return r < 0 ? no_place(u, path, -r, e) : 0;
}

/* --- the rest --- */

static void remember(struct unpacker *u, const struct tar_entry *t, const char *path)
{
	if ((u->n_late & (u->n_late - 1)) == 0)
		u->late = xrealloc(u->late, (u->n_late ? 2 * u->n_late : 1) * sizeof(u->late[0]));
	u->late[u->n_late++] = (struct late){xstrdup(path), t->mode & 0777, t->mtime};
}

/* One that is there stays as it is. */
int land_dir(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e)
{
	OWN_FD int dir = -1, self = -1;
	const char *leaf;
	bool made;

	if (!*path)
		return 0;
	dir = open_above(u, path, &leaf);
	if (dir < 0)
		return no_place(u, path, -dir, e);
	made = mkdirat(dir, leaf, 0700) == 0;
	if (!made && errno != EEXIST)
		return no_place(u, path, errno, e);
	self = open_beneath(dir, leaf, O_RDONLY | O_DIRECTORY, 0);
	if (self < 0)
		return no_place(u, path, -self, e);
	if (made && u->ask->archive)
		remember(u, t, path);
	else if (made)
		fchmod(self, mode_of(u, t) | 0700);
	return 0;
}

void land_late(struct unpacker *u)
{
	for (size_t i = u->n_late; i-- > 0;) {
		const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, u->late[i].mtime};
		OWN_FD int fd = open_beneath(u->dir, u->late[i].path, O_RDONLY | O_DIRECTORY, 0);

		if (fd >= 0) {
			fchmod(fd, u->late[i].mode);
			futimens(fd, times);
		}
	}
}

int land_symlink(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, t->mtime};
	const char *leaf;
	OWN_FD int dir = open_above(u, path, &leaf);
	char made[32];
	int r;

	if (dir < 0)
		return no_place(u, path, -dir, e);
	temporary(made);
	if (symlinkat(tar_str(t, "linkpath"), dir, made) < 0)
		return no_place(u, path, errno, e);
	if (u->ask->archive)
		utimensat(dir, made, times, AT_SYMLINK_NOFOLLOW);
	r = move_in(dir, made, leaf);
	return r < 0 ? no_place(u, path, -r, e) : 0;
}

int land_hardlink(struct unpacker *u, const char *target, const char *path, struct err *e)
{
	const char *leaf, *from;
	OWN_FD int dir = open_above(u, path, &leaf), other = -1;
	char made[32];
	int r;

	if (dir < 0)
		return no_place(u, path, -dir, e);
	other = open_parent_beneath(u->dir, target, &from);
	temporary(made);
	if (other < 0 || linkat(other, from, dir, made, 0) < 0)
		return no_place(u, path, other < 0 ? -other : errno, e);
	r = move_in(dir, made, leaf);
	return r < 0 ? no_place(u, path, -r, e) : 0;
}

int land_pass(struct unpacker *u, const struct tar_entry *t, const char *path, struct err *e)
{
	OWN_TAR_ENTRY struct tar_entry out = {.type = t->type,
					      .mode = t->mode & 0777,
					      .uid = t->uid,
					      .gid = t->gid,
					      .mtime = t->mtime};
	OWN_SPARSE struct sparse s = {0};
	OWN_BUF struct buf b = BUF_INIT;
	char data[PIECE];
	ssize_t n = 0;
	int r;

	if (sparse_read(&s, t) < 0)
		return err_set(e, ERR_PLAIN, "the archive has a map of %s that cannot be",
			       esc(path));
	tar_record_str(&out, "path", path);
	if (t->type == '2')
		tar_record_str(&out, "linkpath", tar_str(t, "linkpath"));
	if (t->type == '0')
		sparse_say(&s, &out);
	tar_put(&b, &out);
	r = write_full(STDOUT_FILENO, b.data, b.len);
	while (r == 0 && (n = tar_read(u->r, data, sizeof(data), e)) > 0)
		r = write_full(STDOUT_FILENO, data, (size_t)n);
	buf_clear(&b);
	tar_pad(&b, out.size);
	if (r == 0 && n == 0)
		r = write_full(STDOUT_FILENO, b.data, b.len);
	return n < 0 ? (int)n : r < 0 ? err_set(e, -r, "write to standard output") : 0;
}
