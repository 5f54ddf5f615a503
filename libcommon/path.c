/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

static void clean_onto(struct buf *out, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (out->len > 0 && out->data[--out->len] != '/')
				;
			if (out->data)
				out->data[out->len] = '\0';
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			buf_char(out, '/');
			buf_add(out, path, n);
		}
		path += n + (path[n] == '/');
	}
}

char *path_clean(const char *base, const char *path)
{
	struct buf out = BUF_INIT;

	if (path[0] != '/')
		clean_onto(&out, base);
	clean_onto(&out, path);
	if (out.len == 0)
		buf_char(&out, '/');
	return buf_take(&out);
}

bool path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1 && dir[0] == '/')
		return path[0] == '/';
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const char *path_from(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (!path_below(path, dir))
		return path;
	if (n == 1)
		return path[1] ? path + 1 : ".";
	return path[n] ? path + n + 1 : ".";
}

int mkdir_p_at(int dirfd, const char *path, int mode)
{
	OWN_FREE char *copy = xstrdup(path);

	for (char *p = copy + 1; *copy; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdirat(dirfd, copy, (mode_t)mode) < 0 && errno != EEXIST)
			return -errno;
		if (c == '\0')
			break;
		*p = c;
	}
	return 0;
}

int open_beneath(int dirfd, const char *path, int flags, int mode)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | O_TMPFILE) ? (unsigned)mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	while (*path == '/')
		path++;
	if (*path == '\0')
		path = ".";
	for (int i = 0; i < 16; i++) {
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : fd;
}

int open_parent_beneath(int dirfd, const char *path, const char **leaf)
{
	OWN_FREE char *dir = NULL;
	const char *slash;

	while (*path == '/')
		path++;
	slash = strrchr(path, '/');
	*leaf = slash ? slash + 1 : path;
	dir = xstrdup(path);
	dir[slash ? slash - path : 0] = '\0';
	return open_beneath(dirfd, dir, O_PATH | O_DIRECTORY, 0);
}

/*
 * Each level of a tree costs a descriptor, and an agent may nest without end: what lies deeper than
 * DEPTH_MAX is moved up to the top directory, which is gone over again until nothing was moved.
 */
#define DEPTH_MAX 64

struct removal {
	dev_t dev;
	int top;           /* -1: the entry to be removed is the top itself */
	unsigned moved_up; /* since the last pass over the top */
	unsigned names;    /* handed out */
};

int dir_next(DIR *d, const char **name)
{
	const struct dirent *ent;

	do {
		errno = 0;
		ent = readdir(d);
	} while (ent && (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0));
	*name = ent ? ent->d_name : NULL;
	return ent ? 1 : -errno;
}

static int remove_children(struct removal *rm, int fd, unsigned depth);

static int move_up(struct removal *rm, int dirfd, const char *name)
{
	char up[32];

	do {
		snprintf(up, sizeof(up), ".deep-%u", rm->names++);
		if (renameat2(dirfd, name, rm->top, up, RENAME_NOREPLACE) == 0) {
			rm->moved_up++;
			return 0;
		}
	} while (errno == EEXIST);
	return -errno;
}

/* A directory entry that unlink would not take; why: the errno it said. */
static int remove_dir(struct removal *rm, int dirfd, const char *name, unsigned depth, int why)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : errno == ENOTDIR ? -why : -errno;
	if (rm->top >= 0 && st.st_dev != rm->dev)
		return -EXDEV;
	if (depth >= DEPTH_MAX)
		return move_up(rm, dirfd, name);
	if (rm->top < 0) {
		rm->top = fd;
		rm->dev = st.st_dev;
	}
	do {
		rm->moved_up = depth ? rm->moved_up : 0;
		r = remove_children(rm, fd, depth);
	} while (depth == 0 && rm->moved_up > 0);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return r ? r : -errno;
	return r;
}

static int remove_entry(struct removal *rm, int dirfd, const char *name, unsigned depth)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	return remove_dir(rm, dirfd, name, depth, errno);
}

static int remove_children(struct removal *rm, int fd, unsigned depth)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const char *name;
	int first = 0, more;

	if (!d)
		return -errno;
	while ((more = dir_next(d, &name)) > 0) {
		int r = remove_entry(rm, fd, name, depth + 1);

		if (r < 0 && first == 0)
			first = r;
	}
	return first ? first : more;
}

int remove_tree_at(int dirfd, const char *name)
{
	struct removal rm = {.top = -1};

	return remove_entry(&rm, dirfd, name, 0);
}

/* Length of the valid UTF-8 sequence at s, 0 when it is not one. */
static size_t utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char lo, hi, second_lo, second_hi, len;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t k = 2;

		if (s[0] < forms[i].lo || s[0] > forms[i].hi)
			continue;
		if (forms[i].len == 1)
			return 1;
		if (s[1] < forms[i].second_lo || s[1] > forms[i].second_hi)
			return 0;
		while (k < forms[i].len && (s[k] & 0xc0) == 0x80)
			k++;
		return k == forms[i].len ? k : 0;
	}
	return 0;
}

bool utf8_ok(const char *s)
{
	while (*s) {
		size_t n = utf8_len((const unsigned char *)s);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

/* C1 controls (U+0080 to U+009F) and direction marks would steer a terminal too. */
static bool is_steering(const unsigned char *s, size_t n)
{
	if (n == 1)
		return s[0] < 0x20 || s[0] == 0x7f || s[0] == '\\';
	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	return n == 3 && s[0] == 0xe2 &&
	       ((s[1] == 0x80 && s[2] >= 0x8e && s[2] <= 0xae) || (s[1] == 0x81 && s[2] >= 0xa6));
}

void buf_esc(struct buf *b, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;

	while (*s) {
		size_t n = utf8_len(s);

		if (n > 0 && !is_steering(s, n)) {
			buf_add(b, s, n);
			s += n;
			continue;
		}
		for (n = n ? n : 1; n > 0; n--)
			buf_fmt(b, "\\x%02x", *s++);
	}
	buf_add(b, "", 0);
}

/* Of those that steer; an odd byte is U+FFFD. */
static unsigned code_of(const unsigned char *s, size_t n)
{
	return n == 1   ? s[0]
	       : n == 2 ? (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu)
	       : n == 3 ? (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu)
			: 0xfffd;
}

void buf_esc_json(struct buf *b, const char *json)
{
	const unsigned char *s = (const unsigned char *)json;

	for (size_t n; *s; s += n ? n : 1) {
		n = utf8_len(s);
		if (n > 0 && (*s == '\n' || *s == '\\' || !is_steering(s, n)))
			buf_add(b, s, n);
		else
			buf_fmt(b, "\\u%04x", code_of(s, n));
	}
	buf_add(b, "", 0);
}

const char *esc(const char *name)
{
	static char kept[4][4100];
	static unsigned next;
	char *out = kept[next++ % 4];
	OWN_BUF struct buf b = BUF_INIT;

	buf_esc(&b, name);
	if (b.len > 4096)
		memcpy(b.data + 4093, "...", 4);
	return memcpy(out, b.data, strlen(b.data) + 1);
}
