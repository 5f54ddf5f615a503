/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/keep.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/tar.h"
#include "tools/pod-action/looks.h"

#define DEPTH_MAX 256

struct seen {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct keep {
	int to;
	struct buf head;
	struct seen *seen; /* files with several names */
	size_t n_seen;
	const struct place *place;
	char why[400]; /* it cannot be kept */
};

static void keep_finish(struct keep *k)
{
	buf_finish(&k->head);
	for (size_t i = 0; i < k->n_seen; i++)
		free(k->seen[i].path);
	free(k->seen);
}

static bool cannot(struct keep *k, const char *path, const char *why)
{
	/* path is "." or "./below" */
	snprintf(k->why, sizeof(k->why), "%.100s%.200s %s", esc(k->place->path), esc(path + 1),
		 why);
	return false;
}

static bool cannot_errno(struct keep *k, const char *path)
{
	if (errno == ENOSPC || errno == EFBIG || errno == EDQUOT)
		return cannot(k, path, "is more than can be kept to bring it back");
	return cannot(k, path, strerror(errno));
}

/* An earlier name of the same file, or NULL, and this one is remembered. */
static const char *earlier_name(struct keep *k, const struct stat *st, const char *path)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	for (size_t i = 0; i < k->n_seen; i++)
		if (k->seen[i].dev == st->st_dev && k->seen[i].ino == st->st_ino)
			return k->seen[i].path;
	k->seen = xrealloc(k->seen, (k->n_seen + 1) * sizeof(k->seen[0]));
	k->seen[k->n_seen++] = (struct seen){st->st_dev, st->st_ino, xstrdup(path)};
	return NULL;
}

static char type_of(mode_t mode)
{
	return S_ISREG(mode)    ? '0'
	       : S_ISLNK(mode)  ? '2'
	       : S_ISDIR(mode)  ? '5'
	       : S_ISFIFO(mode) ? '6'
				: '\0';
}

/* The entry's head; its content, if it has any, follows. */
static bool put_head(struct keep *k, int fd, const struct stat *st, const char *path,
		     const char *link, const char *same)
{
	OWN_TAR_ENTRY struct tar_entry t = {
		.type = type_of(st->st_mode),
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = S_ISREG(st->st_mode) && !same ? (uint64_t)st->st_size : 0,
		.mtime = st->st_mtim,
	};
	int r;

	tar_record_str(&t, "path", path);
	if (link)
		tar_record_str(&t, "linkpath", link);
	if (same)
		tar_record_str(&t, "ENVPOD.same", same);
	r = fd >= 0 && !same ? looks_record(fd, &t) : 0;
	if (r == -EPERM)
		return cannot(k, path, "has attributes that only the host's root can give it back");
	if (r < 0) {
		errno = -r;
		return cannot_errno(k, path);
	}
	buf_clear(&k->head);
	tar_put(&k->head, &t);
	errno = -write_full(k->to, k->head.data, k->head.len);
	return errno == 0 || cannot_errno(k, path);
}

static bool put_content(struct keep *k, int fd, uint64_t size, const char *path)
{
	static char block[65536];
	uint64_t left = size;

	while (left > 0) {
		size_t want = left < sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = read_full(fd, block, want);

		if (n != (ssize_t)want)
			return cannot(k, path, "changed while it was kept");
		errno = -write_full(k->to, block, want);
		if (errno)
			return cannot_errno(k, path);
		left -= want;
	}
	buf_clear(&k->head);
	tar_pad(&k->head, size);
	errno = k->head.len ? -write_full(k->to, k->head.data, k->head.len) : 0;
	return errno == 0 || cannot_errno(k, path);
}

static bool put_file(struct keep *k, int dir, const char *name, const struct stat *st,
		     const char *path)
{
	OWN_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *same = earlier_name(k, st, path);

	if (fd < 0)
		return cannot_errno(k, path);
	return put_head(k, fd, st, path, NULL, same) &&
	       (same || put_content(k, fd, (uint64_t)st->st_size, path));
}

static bool put_link(struct keep *k, int dir, const char *name, const struct stat *st,
		     const char *path)
{
	char to[PATH_MAX];
	ssize_t n = readlinkat(dir, name, to, sizeof(to) - 1);

	if (n < 0)
		return cannot_errno(k, path);
	to[n] = '\0';
	return put_head(k, -1, st, path, to, NULL);
}

static bool put_one(struct keep *k, int dir, const char *name, const char *path, unsigned depth);

static bool put_dir(struct keep *k, int at, const char *name, const struct stat *st,
		    const char *path, unsigned depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *next;
	bool ok;
	int r = 0;

	if (!d)
		return cannot_errno(k, path);
	if (depth > DEPTH_MAX)
		return cannot(k, path, "is nested too deeply to be kept");
	ok = put_head(k, fd, st, path, NULL, NULL);
	while (ok && (r = dir_next(d, &next)) > 0) {
		OWN_FREE char *below = xfmt("%s/%s", path, next);

		ok = put_one(k, fd, next, below, depth + 1);
	}
	errno = -r;
	return ok && (r == 0 || cannot_errno(k, path));
}

static bool put_one(struct keep *k, int dir, const char *name, const char *path, unsigned depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot_errno(k, path);
	if (!looks_ours(&st))
		return cannot(k, path, "belongs to another user, who could not be given it back");
	if (S_ISDIR(st.st_mode))
		return put_dir(k, dir, name, &st, path, depth);
	if (S_ISREG(st.st_mode))
		return put_file(k, dir, name, &st, path);
	if (S_ISLNK(st.st_mode))
		return put_link(k, dir, name, &st, path);
	if (S_ISFIFO(st.st_mode))
		return put_head(k, -1, &st, path, NULL, NULL);
	return cannot(k, path, "is a socket or a device");
}

static bool put_all(struct keep *k, const struct place *p)
{
	struct stat st;

	if (fstat(k->to, &st) < 0 || !S_ISREG(st.st_mode)) {
		snprintf(k->why, sizeof(k->why), "there is nowhere to keep what was there");
		return false;
	}
	if (!put_one(k, p->dir, p->leaf, ".", 0))
		return false;
	buf_clear(&k->head);
	tar_end(&k->head);
	errno = -write_full(k->to, k->head.data, k->head.len);
	return errno == 0 || cannot_errno(k, ".");
}

static void empty(int fd)
{
	if (ftruncate(fd, 0) == 0)
		lseek(fd, 0, SEEK_SET);
}

bool keep_put_to(int fd, const struct place *p, struct reply *y)
{
	struct keep k __attribute__((cleanup(keep_finish))) = {.to = fd, .place = p};

	if (put_all(&k, p))
		return true;
	reply_never(y, "%s", k.why);
	empty(fd);
	return false;
}

bool keep_put(const struct place *p, struct reply *y)
{
	return keep_put_to(KEEP_FD, p, y);
}

void keep_drop(void)
{
	empty(KEEP_FD);
}
