/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/whiteout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/own.h"

#define OVL          "trusted.overlay."
#define OVL_OPAQUE   OVL "opaque"
#define OVL_REDIRECT OVL "redirect"
#define OVL_ORIGIN   OVL "origin"

bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool redirect_valid(const char *value, size_t len)
{
	const char *p = value;

	if (len == 0 || len >= REDIRECT_MAX || memchr(value, '\0', len))
		return false;
	if (value[0] != '/')
		return !memchr(value, '/', len) && strcmp(value, ".") != 0 &&
		       strcmp(value, "..") != 0;
	while (*p == '/') {
		size_t n = strcspn(++p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
	}
	return true;
}

static int read_redirect(int fd, struct dir_marks *m)
{
	ssize_t n = fgetxattr(fd, OVL_REDIRECT, m->redirect, sizeof(m->redirect) - 1);

	if (n < 0 && errno == EIO)
		return -EIO; /* other errors: a value that overlayfs takes no more than we do */
	m->redirect[n > 0 ? n : 0] = '\0';
	m->redirected = n > 0 && redirect_valid(m->redirect, (size_t)n);
	m->opaque = !m->redirected;
	return 0;
}

static int read_opaque(int fd, struct dir_marks *m)
{
	char value = 0;
	ssize_t n = fgetxattr(fd, OVL_OPAQUE, &value, 1);

	if (n < 0 && errno == EIO)
		return -EIO;
	m->opaque = n == 1 && value == 'y';
	return 0;
}

/*
 * One flistxattr tells for most directories that there is nothing to read.  As in overlayfs, opaque
 * wins over a redirect.
 */
int dir_marks_read(int dirfd, struct dir_marks *m)
{
	char names[65536];
	ssize_t n = flistxattr(dirfd, names, sizeof(names));
	bool redirect = false;
	int r = 0;

	m->opaque = m->redirected = m->has_xattrs = false;
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *p = names; p < names + n && r == 0; p += strlen(p) + 1) {
		if (strcmp(p, OVL_OPAQUE) == 0)
			r = read_opaque(dirfd, m);
		else if (strcmp(p, OVL_REDIRECT) == 0)
			redirect = true;
		else if (strncmp(p, OVL, sizeof(OVL) - 1) != 0)
			m->has_xattrs = true;
	}
	if (r == 0 && redirect && !m->opaque)
		r = read_redirect(dirfd, m);
	return r;
}

/* There is no fgetxattrat before 6.13, and symlinks and fifos cannot be opened for reading. */
int copied_up(int dirfd, const char *name)
{
	char path[320];
	int n = snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);

	if (n >= (int)sizeof(path))
		return 0;
	if (lgetxattr(path, OVL_ORIGIN, NULL, 0) >= 0)
		return 1;
	return errno == EIO ? -EIO : 0;
}

/* When nobody knows it was: then what the host deleted is a conflict, and not put back. */
bool is_copied_up(int dirfd, const char *name)
{
	return copied_up(dirfd, name) != 0;
}

int whiteout_make(int dirfd, const char *name)
{
	return mknodat(dirfd, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
}

int opaque_set(int dirfd)
{
	return fsetxattr(dirfd, OVL_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}

int redirect_set(int dirfd, const char *path)
{
	size_t len = strlen(path);

	if (!redirect_valid(path, len))
		return -ENAMETOOLONG;
	return fsetxattr(dirfd, OVL_REDIRECT, path, len, 0) < 0 ? -errno : 0;
}

static int clear(int dirfd, const char *name)
{
	return fremovexattr(dirfd, name) < 0 && errno != ENODATA ? -errno : 0;
}

int origin_clear(int dirfd)
{
	return clear(dirfd, OVL_ORIGIN);
}

int redirect_clear(int dirfd)
{
	return clear(dirfd, OVL_REDIRECT);
}

/* A redirect beside it, left by a crash, has not been followed and must not come to life. */
int opaque_clear(int dirfd)
{
	int r = redirect_clear(dirfd);

	return r < 0 ? r : clear(dirfd, OVL_OPAQUE);
}
