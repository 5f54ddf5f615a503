/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/place.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

void place_finish(struct place *p)
{
	own_close(&p->dir);
	free(p->leaf);
	free(p->path);
	free(p->real);
	*p = (struct place)PLACE_INIT;
}

/* "a/b/c///" is "a/b" and "c". */
static int split(const char *path, char **parent, char **leaf)
{
	size_t len = strlen(path), at;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (at = len; at > 0 && path[at - 1] != '/'; at--)
		;
	*leaf = xfmt("%.*s", (int)(len - at), path + at);
	*parent = at == 0 ? xstrdup(".") : xfmt("%.*s", (int)at, path);
	return **leaf && strcmp(*leaf, ".") != 0 && strcmp(*leaf, "..") != 0 ? 0 : -EINVAL;
}

static int set_real(struct place *p, struct err *e)
{
	char link[40], dir[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", p->dir);
	n = readlink(link, dir, sizeof(dir) - 1);
	if (n < 0 || n == sizeof(dir) - 1)
		return err_set(e, n < 0 ? errno : ENAMETOOLONG, "look where %s is", esc(p->path));
	dir[n] = '\0';
	p->real = xfmt("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, p->leaf);
	return 0;
}

static int open_dir(struct place *p, const char *parent, uint64_t resolve, struct err *e)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = resolve};

	p->dir = (int)syscall(SYS_openat2, AT_FDCWD, parent, &how, sizeof(how));
	return p->dir < 0 ? err_set(e, errno, "open the directory of %s", esc(p->path)) : 0;
}

static int place_open_by(struct place *p, const char *path, uint64_t resolve, struct err *e)
{
	OWN_FREE char *parent = NULL;
	int r = 0;

	p->path = xstrdup(path);
	if (!*path || strlen(path) >= PATH_MAX || split(path, &parent, &p->leaf) < 0)
		return err_set(e, ERR_PLAIN, "a path that names nothing in a directory: %s",
			       esc(path));
	r = open_dir(p, parent, resolve, e);
	return r < 0 ? r : set_real(p, e);
}

int place_open(struct place *p, const char *path, struct err *e)
{
	return place_open_by(p, path, RESOLVE_NO_MAGICLINKS, e);
}

int place_open_real(struct place *p, const char *real, struct err *e)
{
	if (*real != '/')
		return err_set(e, ERR_PLAIN, "%s: this is no absolute path", esc(real));
	return place_open_by(p, real, RESOLVE_NO_SYMLINKS, e);
}

int place_stat(const struct place *p, struct stat *st, struct err *e)
{
	if (fstatat(p->dir, p->leaf, st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : err_set(e, errno, "look at %s", esc(p->path));
}

int place_read(const struct place *p, struct stat *st, struct err *e)
{
	OWN_FD int fd = openat(p->dir, p->leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_PLAIN, "%s is a symbolic link; name what it leads to",
			       esc(p->path));
	if (fd < 0 || fstat(fd, st) < 0)
		return err_set(e, errno, "open %s", esc(p->path));
	if (!S_ISREG(st->st_mode))
		return err_set(e, S_ISDIR(st->st_mode) ? EISDIR : ERR_PLAIN, "%s is no file",
			       esc(p->path));
	return take_fd(&fd);
}

int place_temp(const struct place *p, char **name, struct err *e)
{
	unsigned random = 0;
	int fd;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_set(e, errno, "get random bytes");
	free(*name);
	*name = xfmt(".envpod-%08x", random);
	fd = openat(p->dir, *name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		int code = errno;

		free(take_ptr(*name));
		return err_set(e, code, "make a file beside %s", esc(p->path));
	}
	return fd;
}

int place_put(const struct place *p, const char *name, bool replace, struct err *e)
{
	if (renameat2(p->dir, name, p->dir, p->leaf, replace ? 0 : RENAME_NOREPLACE) < 0)
		return err_set(e, errno, "make %s", esc(p->path));
	return 0;
}
