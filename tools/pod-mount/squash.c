/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging the oldest automatic layers.  The newer one's entries are renamed into the older one, one
 * by one, with both still stacked: at every moment the pod's view is the same, so that a crash
 * leaves nothing to repair, and whoever comes next goes on.  The newer layer leaves the stack when
 * it is empty.
 *
 * Layers with redirects are left alone: a redirect names a path in the stack below its layer, and
 * that would no longer be the same stack.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/provenance.h"
#include "tools/pod-mount/whiteout.h"

#define DEPTH_MAX 200

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Names first: what is renamed away while a directory is read may hide others. */
static int list_names(int fd, struct strv *names)
{
	int copy = open_dir(fd, ".");
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *ent;

	if (!d)
		return copy < 0 ? copy : -errno;
	while ((ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			strv_add(names, ent->d_name);
	return 0;
}

static int copy_xattr(int from, int to, const char *name)
{
	char value[65536];
	ssize_t n = fgetxattr(from, name, value, sizeof(value));

	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	return fsetxattr(to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

/* The newer directory's own attributes win; what overlayfs noted on the older one stays true. */
static int copy_xattrs(int from, int to)
{
	char names[65536];
	ssize_t n = flistxattr(from, names, sizeof(names));
	int r = 0;

	for (const char *p = names; r == 0 && n > 0 && p < names + n; p += strlen(p) + 1)
		if (strncmp(p, "trusted.overlay.", 16) != 0)
			r = copy_xattr(from, to, p);
	n = flistxattr(to, names, sizeof(names));
	for (const char *p = names; r == 0 && n > 0 && p < names + n; p += strlen(p) + 1)
		if (strncmp(p, "trusted.overlay.", 16) != 0 && fgetxattr(from, p, NULL, 0) < 0 &&
		    errno == ENODATA && fremovexattr(to, p) < 0 && errno != ENODATA)
			r = -errno;
	return r;
}

static int copy_attributes(int from, int to)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 ||
	    fchmod(to, st.st_mode & 07777) < 0)
		return -errno;
	if (copy_xattrs(from, to) < 0)
		return -errno;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? -errno : 0;
}

/* rename() does nothing between two links of one inode, as whiteouts are: then the link goes. */
static int move(int newer, int older, const char *name)
{
	if (renameat(newer, name, older, name) < 0)
		return -errno;
	return unlinkat(newer, name, 0) < 0 && errno != ENOENT && errno != EISDIR ? -errno : 0;
}

static int merge_dir(int newer, int older, int depth);

/* Both have a directory there, and the newer one lets the older one through. */
static int merge_into(int newer, int older, const char *name, int fd, int depth)
{
	OWN_FD int to = open_dir(older, name);
	int r = to < 0 ? to : merge_dir(fd, to, depth + 1);

	if (r == 0)
		r = copy_attributes(fd, to);
	if (r == 0 && unlinkat(newer, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

static int merge_subdir(int newer, int older, const char *name, const struct stat *there, int depth)
{
	OWN_FD int fd = open_dir(newer, name);
	struct dir_marks marks;
	int r = fd < 0 ? fd : dir_marks_read(fd, &marks);

	if (r < 0)
		return r;
	if (there && S_ISDIR(there->st_mode) && !marks.opaque)
		return merge_into(newer, older, name, fd, depth);
	/* A file or whiteout in the older layer hid what lies below it; the directory must do so.
	 */
	if (there && !S_ISDIR(there->st_mode))
		r = opaque_set(fd);
	if (r == 0 && there)
		r = remove_tree_at(older, name);
	return r < 0 ? r : renameat(newer, name, older, name) < 0 ? -errno : 0;
}

static int merge_entry(int newer, int older, const char *name, int depth)
{
	struct stat from, to;
	bool there = fstatat(older, name, &to, AT_SYMLINK_NOFOLLOW) == 0;
	int r = 0;

	if (fstatat(newer, name, &from, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(from.st_mode))
		return merge_subdir(newer, older, name, there ? &to : NULL, depth);
	if (there && S_ISDIR(to.st_mode))
		r = remove_tree_at(older, name);
	return r < 0 ? r : move(newer, older, name);
}

static int merge_dir(int newer, int older, int depth)
{
	OWN_STRV struct strv names = {0};
	int r = depth > DEPTH_MAX ? -ELOOP : list_names(newer, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = merge_entry(newer, older, names.v[i], depth);
	return r;
}

static int union_bases(int older, int newer, struct err *e)
{
	OWN_BUF struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
	int r = read_file_at(older, "base", &a, BASE_FILE_MAX);

	if (r == 0)
		r = read_file_at(newer, "base", &b, BASE_FILE_MAX);
	if (r < 0)
		return err_set(e, -r, "read the base of a layer");
	r = base_merge(&out, a.data, a.len, b.data, b.len, e);
	if (r < 0)
		return r;
	r = write_file_at(older, "base", out.data, out.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write the base of a layer") : 0;
}

/* Covers are directories of tree/, without marks: the same rules hold for them. */
static int merge_layers(const struct layer *older, const struct layer *newer, struct err *e)
{
	OWN_FD int a = layer_open(older->id, ""), b = layer_open(newer->id, "");
	OWN_FD int atree = layer_open(older->id, "tree"), btree = layer_open(newer->id, "tree");
	int r = a < 0 ? a : b < 0 ? b : atree < 0 ? atree : btree < 0 ? btree : 0;

	if (r < 0)
		return err_set(e, -r, "open layers %s and %s", older->id, newer->id);
	r = union_bases(a, b, e);
	if (r < 0)
		return r;
	r = provenance_merge(a, b);
	if (r < 0)
		return err_set(e, -r, "note who wrote layers %s and %s", older->id, newer->id);
	r = merge_dir(btree, atree, 0);
	return r < 0 ? err_set(e, -r, "merge layer %s into %s", newer->id, older->id) : 0;
}

static bool is_mergeable(const struct pod *p, const struct layer *l)
{
	OWN_FD int fd = strcmp(l->kind, "auto") == 0 ? layer_open(l->id, "") : -1;

	return fd >= 0 && faccessat(fd, "redirects", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       !layer_held(p, l->id);
}

static size_t count_auto(const struct stack *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += strcmp(s->v[i].kind, "auto") == 0;
	return n;
}

int layers_squash(const struct pod *p, struct stack *s, struct err *e)
{
	return count_auto(s) > LAYERS_SQUASH ? layers_squash_to(p, s, LAYERS_KEEP, e) : 0;
}

int layers_squash_to(const struct pod *p, struct stack *s, size_t keep, struct err *e)
{
	size_t i = 0;

	while (count_auto(s) > keep && i + 1 < s->n) {
		if (!is_mergeable(p, &s->v[i]) || !is_mergeable(p, &s->v[i + 1])) {
			i++;
			continue;
		}
		if (merge_layers(&s->v[i], &s->v[i + 1], e) < 0) {
			/* Half merged is as good as not merged: both stay stacked. */
			say_note("%s", e->msg);
			*e = (struct err){0};
			i++;
			continue;
		}
		if (layer_drop(p, s, i + 1, e) < 0)
			return -e->code;
	}
	return 0;
}
