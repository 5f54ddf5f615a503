/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/looks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

#define ATTR  "ENVPOD.attr."
#define NAMES (64u << 10) /* bytes, as the kernel has it */

bool looks_ours(const struct stat *st)
{
	return geteuid() == 0 || (st->st_uid == geteuid() && st->st_gid == getegid());
}

static bool may_set(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "system.posix_acl_", 17) == 0;
}

/* Call fn for each attribute's name until it says otherwise than 0. */
static int each_name(int fd, int (*fn)(int fd, const char *name, void *arg), void *arg)
{
	OWN_FREE char *names = xcalloc(1, NAMES + 1);
	ssize_t n = flistxattr(fd, names, NAMES);
	int r = 0;

	if (n < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (char *name = names; r == 0 && name < names + n; name += strlen(name) + 1)
		r = fn(fd, name, arg);
	return r;
}

static ssize_t read_value(int fd, const char *name, char **value)
{
	ssize_t n;

	*value = xcalloc(1, NAMES);
	n = fgetxattr(fd, name, *value, NAMES);
	return n < 0 ? -errno : n;
}

static int record_one(int fd, const char *name, void *arg)
{
	OWN_FREE char *value = NULL, *key = xfmt(ATTR "%s", name);
	ssize_t n;

	if (!may_set(name))
		return -EPERM;
	n = read_value(fd, name, &value);
	if (n < 0)
		return (int)n;
	tar_record(arg, key, value, (size_t)n);
	return 0;
}

int looks_record(int fd, struct tar_entry *t)
{
	return each_name(fd, record_one, t);
}

/* ACLs after the mode, which is part of them. */
int looks_apply(int fd, const struct tar_entry *t)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, t->mtime};
	size_t skip = strlen(ATTR);

	if (fchown(fd, (uid_t)t->uid, (gid_t)t->gid) < 0 || fchmod(fd, t->mode) < 0)
		return -errno;
	for (size_t i = 0; i < t->n; i++)
		if (strncmp(t->v[i].key, ATTR, skip) == 0 &&
		    fsetxattr(fd, t->v[i].key + skip, t->v[i].value, t->v[i].len, 0) < 0)
			return -errno;
	return futimens(fd, times) < 0 ? -errno : 0;
}

static int copy_one(int fd, const char *name, void *arg)
{
	OWN_FREE char *value = NULL;
	ssize_t n;

	if (!may_set(name))
		return -EPERM;
	n = read_value(fd, name, &value);
	if (n < 0)
		return (int)n;
	return fsetxattr(*(const int *)arg, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

int looks_copy(int from, const struct stat *st, int to)
{
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	return each_name(from, copy_one, &to);
}
