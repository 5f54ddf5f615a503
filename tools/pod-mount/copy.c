/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"

static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	static char block[1 << 18];

	while (at < end) {
		size_t want = end - at < (off_t)sizeof(block) ? (size_t)(end - at) : sizeof(block);
		ssize_t n = pread(from, block, want, at);
		int r;

		if (n <= 0)
			return n < 0 ? -errno : -EBUSY; /* it became shorter */
		if (lseek(to, at, SEEK_SET) < 0)
			return -errno;
		r = write_full(to, block, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
	return 0;
}

/* copy_file_range is left for filesystems that refuse it, and fills holes: so segment by segment.
 */
static int copy_segment(int from, int to, off_t at, off_t end)
{
	off_t out = at;

	while (at < end) {
		ssize_t n = copy_file_range(from, &at, to, &out, (size_t)(end - at), 0);

		if (n < 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP &&
		    errno != ENOSYS)
			return -errno;
		if (n <= 0)
			return copy_by_hand(from, to, at, end);
	}
	return 0;
}

static int copy_segments(int from, int to, off_t size)
{
	for (off_t at = 0; at < size;) {
		off_t data = lseek(from, at, SEEK_DATA), hole;
		int r;

		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		r = copy_segment(from, to, data, hole < size ? hole : size);
		if (r < 0)
			return r;
		at = hole;
	}
	return 0;
}

static int same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int copy_content(int from, int to)
{
	struct stat before, after;
	int r = 0;

	if (fstat(from, &before) < 0)
		return -errno;
	if (before.st_size > 0 && ioctl(to, FICLONE, from) < 0) {
		r = copy_segments(from, to, before.st_size);
		if (r == 0 && ftruncate(to, before.st_size) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	if (fstat(from, &after) < 0)
		return -errno;
	return after.st_size == before.st_size && same_time(&after.st_mtim, &before.st_mtim)
		       ? 0
		       : -EBUSY;
}

off_t data_from(int fd, off_t at, off_t size)
{
	off_t data = lseek(fd, at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? size : at; /* where holes cannot be asked for: all of it */
	return data < size ? data : size;
}

/* A read lease is only had on a file that nobody can write to. */
bool has_writers(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return true;
	return fcntl(fd, F_SETLEASE, F_UNLCK) < 0;
}

int looks_apply(int fd, const struct looks *l)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, l->mtime};
	int r;

	if (fchown(fd, l->uid, l->gid) < 0)
		return -errno;
	r = l->xattrs ? xattrs_apply(l->xattrs, fd) : 0;
	if (r < 0)
		return r;
	/* After the ACL, which would change the group's bits. */
	if (fchmod(fd, l->mode & 07777) < 0 || futimens(fd, times) < 0)
		return -errno;
	return 0;
}

int looks_apply_at(int dirfd, const char *name, const struct looks *l, int is_link)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, l->mtime};

	if (fchownat(dirfd, name, l->uid, l->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!is_link && fchmodat(dirfd, name, l->mode & 07777, 0) < 0)
		return -errno;
	return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_link(int from, const char *from_name, int dirfd, const char *name,
		     const struct looks *l)
{
	char to[PATH_MAX + 1];
	ssize_t n = readlinkat(from, from_name, to, sizeof(to) - 1);

	if (n < 0)
		return -errno;
	to[n] = '\0';
	if (symlinkat(to, dirfd, name) < 0)
		return -errno;
	return looks_apply_at(dirfd, name, l, 1);
}

static int copy_file(int from, const char *from_name, int dirfd, const char *name,
		     const struct looks *l)
{
	OWN_FD int in =
		openat(from, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	OWN_FD int out = -1;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBUSY; /* it was a file when it was looked at */
	out = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = copy_content(in, out);
	return r < 0 ? r : looks_apply(out, l);
}

static int make_dir(int dirfd, const char *name, const struct looks *l)
{
	OWN_FD int fd = -1;

	if (mkdirat(dirfd, name, 0700) < 0)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : looks_apply(fd, l);
}

int copy_entry(int from, const char *from_name, const struct stat *st, int dirfd, const char *name,
	       const struct looks *l)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, from_name, dirfd, name, l);
	case S_IFLNK:
		return copy_link(from, from_name, dirfd, name, l);
	case S_IFDIR:
		return make_dir(dirfd, name, l);
	case S_IFIFO:
		if (mkfifoat(dirfd, name, 0600) < 0)
			return -errno;
		return looks_apply_at(dirfd, name, l, 0);
	default:
		return -EPERM;
	}
}
