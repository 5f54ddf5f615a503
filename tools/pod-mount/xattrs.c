/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/xattrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "libcommon/buf.h"

#define NAMES_MAX 65536 /* what the kernel hands out at most: XATTR_LIST_MAX */

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

bool xattr_is_acl(const char *name)
{
	return strcmp(name, "system.posix_acl_access") == 0 ||
	       strcmp(name, "system.posix_acl_default") == 0;
}

static bool is_carried(const char *name)
{
	return (starts(name, "user.") && !starts(name, "user.overlay.")) || xattr_is_acl(name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

typedef bool acl_way(const struct id_map *m, void *acl, size_t len);

static int add(struct xattrs *x, int fd, const char *name, acl_way *way, const struct id_map *ids)
{
	ssize_t len = fgetxattr(fd, name, NULL, 0);
	void *value;

	if (len < 0)
		return errno == ENODATA ? 0 : -errno;
	value = xcalloc(1, (size_t)len + 1);
	len = fgetxattr(fd, name, value, (size_t)len);
	if (len < 0 && errno != ERANGE && errno != ENODATA) {
		free(value);
		return -errno;
	}
	if (len < 0 || (way && xattr_is_acl(name) && !way(ids, value, (size_t)len))) {
		free(value);
		x->others = true;
		return 0;
	}
	x->v = xrealloc(x->v, (x->n + 1) * sizeof(x->v[0]));
	x->v[x->n++] = (struct xattr){xstrdup(name), value, (size_t)len};
	return 0;
}

static int read_all(struct xattrs *x, int fd, acl_way *way, const struct id_map *ids)
{
	char names[NAMES_MAX];
	ssize_t n = flistxattr(fd, names, sizeof(names));
	int r = 0;

	*x = (struct xattrs){0};
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *p = names; p < names + n && r == 0; p += strlen(p) + 1) {
		if (is_carried(p))
			r = add(x, fd, p, way, ids);
		else if (!starts(p, "trusted.overlay."))
			x->others = true;
	}
	if (r < 0)
		xattrs_finish(x);
	else if (x->n > 1)
		qsort(x->v, x->n, sizeof(x->v[0]), by_name);
	return r;
}

int xattrs_read(struct xattrs *x, int fd, const struct id_map *ids)
{
	return read_all(x, fd, ids ? acl_translate : NULL, ids);
}

int xattrs_read_for_layer(struct xattrs *x, int fd, const struct id_map *ids)
{
	return read_all(x, fd, acl_shift, ids);
}

void xattrs_finish(struct xattrs *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->v[i].name);
		free(x->v[i].value);
	}
	free(x->v);
	*x = (struct xattrs){0};
}

bool xattrs_equal(const struct xattrs *a, const struct xattrs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].name, b->v[i].name) != 0 || a->v[i].len != b->v[i].len ||
		    memcmp(a->v[i].value, b->v[i].value, a->v[i].len) != 0)
			return false;
	return true;
}

static bool has(const struct xattrs *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->v[i].name, name) == 0)
			return true;
	return false;
}

static int set_all(const struct xattrs *x, int fd)
{
	for (size_t i = 0; i < x->n; i++)
		if (fsetxattr(fd, x->v[i].name, x->v[i].value, x->v[i].len, 0) < 0)
			return -errno;
	return 0;
}

/* Remove what x does not have, of the carried ones only or of all. */
static int remove_others(const struct xattrs *x, int fd, bool carried_only)
{
	char names[NAMES_MAX];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	if (n < 0)
		return errno == EOPNOTSUPP && x->n == 0 ? 0 : -errno;
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		if (has(x, p) || (carried_only && !is_carried(p)) ||
		    strcmp(p, "security.selinux") == 0)
			continue;
		if (fremovexattr(fd, p) < 0 && errno != ENODATA)
			return -errno;
	}
	return 0;
}

int xattrs_replace(const struct xattrs *x, int fd)
{
	int r = remove_others(x, fd, true);

	return r < 0 ? r : set_all(x, fd);
}

int xattrs_apply(const struct xattrs *x, int fd)
{
	int r = remove_others(x, fd, false);

	return r < 0 ? r : set_all(x, fd);
}
