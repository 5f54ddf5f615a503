/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"

int write_full(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

bool write_lines(int fd, char *data, size_t *len, size_t max)
{
	size_t n = *len;
	ssize_t done;

	if (n > max) {
		const char *nl = memrchr(data, '\n', max);

		n = (size_t)(nl - data) + 1;
	}
	done = write(fd, data, n);
	if (done < 0 && errno == EINTR)
		return true;
	if (done < 0 && errno != EAGAIN)
		done = (ssize_t)n;
	if (done < 0)
		return false;
	*len -= (size_t)done;
	memmove(data, data + done, *len);
	return true;
}

ssize_t read_full(int fd, void *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)data + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int read_fd(int fd, struct buf *b, size_t max)
{
	char chunk[16384];
	ssize_t n;
	size_t got = 0;

	do {
		n = read_full(fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		got += (size_t)n;
		if (got > max)
			return -EFBIG;
		buf_add(b, chunk, (size_t)n);
	} while (n == (ssize_t)sizeof(chunk)); /* a short one has seen the end */
	buf_add(b, "", 0);
	return n < 0 ? (int)n : 0;
}

int read_file_at(int dirfd, const char *name, struct buf *b, size_t max)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return read_fd(fd, b, max);
}

int read_line_at(int dirfd, const char *name, char *out, size_t size)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read_full(fd, out, size - 1);
	if (n < 0)
		return (int)n;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

static int fill_temp(int dirfd, const char *temp, const void *data, size_t len, int mode, bool sync)
{
	OWN_FD int fd =
		openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = write_full(fd, data, len);
	if (r == 0 && fchmod(fd, (mode_t)mode) < 0)
		r = -errno;
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	return r;
}

int write_file_at(int dirfd, const char *name, const void *data, size_t len, int mode, bool sync)
{
	char temp[300];
	int r;

	if (strchr(name, '/')) /* the temporary file would lie elsewhere, and so would the fsync */
		return -EINVAL;
	if (snprintf(temp, sizeof(temp), ".%s.%d", name, (int)getpid()) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	if (unlinkat(dirfd, temp, 0) < 0 && errno != ENOENT)
		return -errno;
	r = fill_temp(dirfd, temp, data, len, mode, sync);
	if (r == 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, temp, 0);
		return r;
	}
	if (sync && dirfd >= 0 && fsync(dirfd) < 0)
		return -errno;
	return 0;
}

int poke_at(int dirfd, const char *name, const char *text)
{
	OWN_FD int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}
