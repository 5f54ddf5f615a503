/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging the oldest automatic layers.  The newer one's entries are renamed into the older one, one
 * by one, with both still stacked: at every moment the pod's view is the same, so that a crash
 * leaves nothing to repair, and whoever comes next goes on.  Once the newer layer is empty the two
 * change names, so that what shows is still found under the newer one's, and the empty one goes.
 *
 * Where directories were renamed in the newer layer, or where others name one of the two, both are
 * left alone and a new one is made of them: fold.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/project.h"
#include "libcommon/say.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/fold.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/provenance.h"
#include "tools/pod-mount/step.h"
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
	const char *name;
	int more;

	if (!d)
		return copy < 0 ? copy : -errno;
	while ((more = dir_next(d, &name)) > 0)
		strv_add(names, name);
	return more;
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
	int r = n < 0 && errno != EOPNOTSUPP ? -errno : 0;

	for (const char *p = names; r == 0 && n > 0 && p < names + n; p += strlen(p) + 1)
		if (strncmp(p, "trusted.overlay.", 16) != 0)
			r = copy_xattr(from, to, p);
	n = r < 0 ? 0 : flistxattr(to, names, sizeof(names));
	if (n < 0 && errno != EOPNOTSUPP)
		r = -errno;
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
	int r;

	if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 ||
	    fchmod(to, st.st_mode & 07777) < 0)
		return -errno;
	r = copy_xattrs(from, to);
	if (r < 0)
		return r;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? -errno : 0;
}

/* rename() does nothing between two links of one inode, as whiteouts are: then the link goes. */
static int move(int newer, int older, const char *name)
{
	int r = project_rename(newer, name, older, name, 0);

	if (r < 0)
		return r;
	return unlinkat(newer, name, 0) < 0 && errno != ENOENT && errno != EISDIR ? -errno : 0;
}

static int merge_dir(int newer, int older, bool pure, int depth);

/* Is nothing of the layers below to be seen in the older layer's directory? */
static int is_pure(int fd, bool *pure)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	int r = dir_marks_read(fd, marks);

	*pure = marks->opaque || (*pure && !(marks->redirected && marks->redirect[0] == '/'));
	return r;
}

/* Both have a directory there, and the newer one lets the older one through. */
static int merge_into(int newer, int older, const char *name, int fd, bool pure, int depth)
{
	OWN_FD int to = open_dir(older, name);
	int r = to < 0 ? to : is_pure(to, &pure);

	if (r == 0)
		r = merge_dir(fd, to, pure, depth + 1);

	if (r == 0)
		r = copy_attributes(fd, to);
	if (r == 0 && unlinkat(newer, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

static int merge_subdir(int newer, int older, const char *name, const struct stat *there, bool pure,
			int depth)
{
	OWN_FD int fd = open_dir(newer, name);
	struct dir_marks marks;
	int r = fd < 0 ? fd : dir_marks_read(fd, &marks);

	if (r < 0)
		return r;
	if (there && S_ISDIR(there->st_mode) && !marks.opaque)
		return merge_into(newer, older, name, fd, pure, depth);
	/* A file or whiteout in the older layer hid what lies below it; the directory must do so.
	 */
	if (there && !S_ISDIR(there->st_mode))
		r = opaque_set(fd);
	if (r == 0 && there)
		r = remove_tree_at(older, name);
	return r < 0 ? r : project_rename(newer, name, older, name, 0);
}

/*
 * Where nothing lies below, a deletion leaves nothing: overlayfs lists what such a directory holds
 * without looking, and a whiteout would be a name that cannot be found.
 */
static int merge_deletion(int newer, int older, const char *name)
{
	int r = remove_tree_at(older, name);

	return r < 0 ? r : unlinkat(newer, name, 0) < 0 ? -errno : 0;
}

static int merge_entry(int newer, int older, const char *name, bool pure, int depth)
{
	struct stat from, to;
	int there = entry_find(older, name, &to), r = 0;

	if (there < 0 || fstatat(newer, name, &from, AT_SYMLINK_NOFOLLOW) < 0)
		return there < 0 ? there : -errno;
	if (S_ISDIR(from.st_mode))
		return merge_subdir(newer, older, name, there ? &to : NULL, pure, depth);
	if (pure && is_whiteout(&from))
		return merge_deletion(newer, older, name);
	if (there && S_ISDIR(to.st_mode))
		r = remove_tree_at(older, name);
	return r < 0 ? r : move(newer, older, name);
}

static int merge_dir(int newer, int older, bool pure, int depth)
{
	OWN_STRV struct strv names = {0};
	int r = depth > DEPTH_MAX ? -ELOOP : list_names(newer, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = merge_entry(newer, older, names.v[i], pure, depth);
	return r;
}

/* Covers are directories of tree/, without marks: the same rules hold for them. */
static int merge_layers(const struct layer *older, const struct layer *newer, struct err *e)
{
	OWN_FD int a = layer_open(older->id, ""), b = layer_open(newer->id, "");
	OWN_FD int atree = layer_open(older->id, "tree"), btree = layer_open(newer->id, "tree");
	int r = a < 0 ? a : b < 0 ? b : atree < 0 ? atree : btree < 0 ? btree : 0;

	if (r < 0)
		return err_set(e, -r, "open layers %s and %s", older->id, newer->id);
	r = base_union(a, b, a, e);
	if (r < 0)
		return r;
	r = provenance_merge(a, b);
	if (r < 0)
		return err_set(e, -r, "note who wrote layers %s and %s", older->id, newer->id);
	r = merge_dir(btree, atree, false, 0);
	return r < 0 ? err_set(e, -r, "merge layer %s into %s", newer->id, older->id) : 0;
}

/* The one full, the other empty: its base must say nothing then, as it comes to lie below. */
static int change_names(const struct layer *older, const struct layer *newer, struct err *e)
{
	static const char nothing[] = "envpod-base 1 0\nend\n";
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	OWN_FD int layers = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int empty = layer_open(newer->id, "");
	int r = layers < 0 ? -errno : empty < 0 ? empty : 0;

	if (r == 0)
		r = write_file_at(empty, "base", nothing, strlen(nothing), 0600, false);
	if (r == 0 && renameat2(layers, older->id, layers, newer->id, RENAME_EXCHANGE) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "exchange layers %s and %s", older->id, newer->id) : 0;
}

static int merge_in_place(const struct pod *p, struct stack *s, size_t i, struct err *e)
{
	int r = merge_layers(&s->v[i], &s->v[i + 1], e);

	if (r == 0)
		r = change_names(&s->v[i], &s->v[i + 1], e);
	return r == 0 ? layer_drop(p, s, i, e) : r;
}

/* Where a directory cannot be looked into, there may be some. */
static bool dir_has_redirects(int fd, int depth)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_STRV struct strv names = {0};
	bool found = depth > DEPTH_MAX || dir_marks_read(fd, marks) < 0 || marks->redirected ||
		     list_names(fd, &names) < 0;

	for (size_t i = 0; !found && i < names.n; i++) {
		OWN_FD int sub = open_dir(fd, names.v[i]);

		found = sub >= 0 ? dir_has_redirects(sub, depth + 1)
				 : sub != -ENOTDIR && sub != -ELOOP;
	}
	return found;
}

/* The mark in its directory is a shortcut: the turn-over does not look into new directories. */
static bool has_redirects(const struct layer *l)
{
	OWN_FD int fd = layer_open(l->id, ""), tree = layer_open(l->id, "tree");

	return tree < 0 || faccessat(fd, "redirects", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       dir_has_redirects(tree, 0);
}

/* What snapshots name is kept as it is, and in the stack, too, until that becomes too high. */
static bool is_mergeable(const struct stack *s, size_t i, const struct holders *h)
{
	bool pressed = s->n > LAYERS_MAX / 2;

	if (strcmp(s->v[i].kind, "auto") != 0 && !(pressed && strcmp(s->v[i].kind, "named") == 0))
		return false;
	return pressed || !holders_has(h, s->v[i].id);
}

static int merge(const struct pod *p, struct stack *s, size_t i, const struct holders *h,
		 struct err *e)
{
	if (holders_has(h, s->v[i].id) || holders_has(h, s->v[i + 1].id) ||
	    has_redirects(&s->v[i + 1]))
		return layers_fold(p, s, i, e);
	return merge_in_place(p, s, i, e);
}

static size_t count_auto(const struct stack *s)
{
	bool pressed = s->n > LAYERS_MAX / 2;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += strcmp(s->v[i].kind, "auto") == 0 ||
		     (pressed && strcmp(s->v[i].kind, "named") == 0);
	return n;
}

size_t layers_keep(const struct plan *pl)
{
	size_t n = plan_u64(pl, "snapshots.keep", LAYERS_KEEP);

	if (plan_is(pl, "snapshots.auto", "no"))
		return 1;
	return n ? n : 1;
}

int layers_squash(const struct pod *p, struct stack *s, size_t keep, struct err *e)
{
	size_t most = keep > 1 ? 2 * keep : 1;

	if (most > LAYERS_MAX * 3 / 4)
		most = LAYERS_MAX * 3 / 4;
	return count_auto(s) > most ? layers_squash_to(p, s, keep, e) : 0;
}

int layers_squash_to(const struct pod *p, struct stack *s, size_t keep, struct err *e)
{
	OWN_HOLDERS struct holders h = {0};
	size_t i = 0;
	int r = holders_load(&h, p, HOLDERS_NO_STACK, e);

	while (r == 0 && count_auto(s) > keep && i + 1 < s->n) {
		size_t before = s->n;

		if (is_mergeable(s, i, &h) && is_mergeable(s, i + 1, &h) &&
		    merge(p, s, i, &h, e) < 0) {
			/* Half merged is as good as not merged: both stay stacked. */
			say_note("%s", e->msg);
			*e = (struct err){0};
		}
		i += s->n == before;
	}
	return r;
}
