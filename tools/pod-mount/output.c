/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/raw.h"

#define TEMP ".envpod-commit.tmp"

/* The directory is the caller's, but what lies in it may be from an earlier commit of the pod's:
 * nothing in it is followed. */
static int open_target_dir(int root, const char *dir, const struct looks *owner)
{
	OWN_FREE char *copy = xstrdup(dir);
	OWN_FD int at = open_beneath(root, "", O_RDONLY | O_DIRECTORY, 0);
	char *rest = copy, *name;

	while (at >= 0 && (name = strsep(&rest, "/"))) {
		int next;
		bool made;

		if (!*name)
			continue;
		made = mkdirat(at, name, 0755) == 0;
		if (!made && errno != EEXIST)
			return -errno;
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		if (made)
			looks_apply(next, owner);
		own_close(&at);
		at = next;
	}
	return take_fd(&at);
}

static int open_source(const struct survey *s, const struct change *c, struct buf *path,
		       const char **leaf)
{
	if (!c->from) {
		raw_path(s, c, path);
		return open_parent_beneath(survey_layer_fd(s, c->cover, c->source), path->data,
					   leaf);
	}
	buf_clear(path);
	buf_str(path, survey_within(s, c->cover, c->from));
	return open_parent_beneath(s->trees[c->cover].host, path->data, leaf);
}

static struct looks looks_for(const struct survey *s, const struct change *c)
{
	return (struct looks){
		.mode = c->mode & ~(mode_t)(S_ISUID | S_ISGID),
		.uid = s->ids.owner_uid,
		.gid = s->ids.owner_gid,
	};
}

/* A symlink or a file that is there already makes way, as it does for a file. */
static int write_dir(int parent, const struct change *c, const struct looks *l)
{
	OWN_FD int fd = -1;

	if (unlinkat(parent, c->name, 0) < 0 && errno != ENOENT && errno != EISDIR)
		return -errno;
	if (mkdirat(parent, c->name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, c->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : looks_apply(fd, l);
}

static int write_entry(const struct survey *s, const struct change *c, int parent)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_XATTRS struct xattrs none = {0};
	const char *leaf;
	OWN_FD int from = open_source(s, c, &path, &leaf);
	struct looks l = looks_for(s, c);
	struct stat st;
	int r;

	if (from < 0 || fstatat(from, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return from < 0 ? from : -errno;
	l.mtime = st.st_mtim;
	l.xattrs = S_ISREG(st.st_mode) ? &none : NULL;
	if (S_ISDIR(st.st_mode))
		return write_dir(parent, c, &l);
	unlinkat(parent, TEMP, 0);
	r = copy_entry(from, leaf, &st, parent, TEMP, &l);
	if (r == 0 && renameat(parent, TEMP, parent, c->name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(parent, TEMP, 0);
	return r;
}

static int write_one(const struct survey *s, const struct change *c, int root)
{
	struct looks owner = {.mode = 0755, .uid = s->ids.owner_uid, .gid = s->ids.owner_gid};
	OWN_FD int parent = -1;

	clock_gettime(CLOCK_REALTIME, &owner.mtime);
	parent = open_target_dir(root, c->dir, &owner);
	return parent < 0 ? parent : write_entry(s, c, parent);
}

int output_write(struct survey *s, const char *dir, size_t *files, struct err *e)
{
	OWN_FD int root = -1;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", esc(dir));
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open %s", esc(dir));
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];
		OWN_BUF struct buf path = BUF_INIT;
		int r;

		if (!c->chosen || c->kind == CHANGE_DELETED)
			continue;
		r = write_one(s, c, root);
		if (r < 0)
			return err_set(e, -r, "write %s%s", esc(dir), esc(change_path(c, &path)));
		*files += !change_is_dir(c);
	}
	return syncfs(root) < 0 ? err_set(e, errno, "sync %s", esc(dir)) : 0;
}
