/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which directory is just being settled.  Of a directory that merges with none below, overlayfs
 * lists whiteouts as if they were files; so those in an opaque directory must go, and they hide
 * nothing there: neither those made to turn it plain, when a crash kept it opaque, nor those that
 * a directory had that was opened to what it was renamed from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/names.h"
#include "tools/pod-mount/settle.h"
#include "tools/pod-mount/whiteout.h"

/* LAYER (- for the upper), the name of the cover, the path in its tree: a line each. */
#define NOTE "settling"

int settle_begin(const struct pod *p, const char *layer, const char *tree, const char *within)
{
	OWN_FREE char *text = xfmt("%s\n%s\n%s", layer ? layer : "-", tree, within);

	return write_file_at(p->dir, NOTE, text, strlen(text), 0600, false);
}

int settle_end(const struct pod *p)
{
	return unlinkat(p->dir, NOTE, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int clean_entry(int dirfd, const char *name)
{
	OWN_FD int down = -1;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (is_whiteout(&st))
		return unlinkat(dirfd, name, 0) < 0 ? -errno : 0;
	if (!S_ISDIR(st.st_mode))
		return 0;
	down = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return down < 0 ? -errno : settle_clean(down);
}

int settle_clean(int dirfd)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	struct names names = {0};
	int r = dir_marks_read(dirfd, marks);

	if (r < 0 || marks->redirected)
		return r;
	r = names_read(&names, dirfd, 0);
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = clean_entry(dirfd, name_text(&names, i));
	names_finish(&names);
	return r;
}

/* When it is no longer opaque it was settled; when it is gone there is nothing to mend. */
static int take_back(const struct pod *p, const char *layer, const char *tree, const char *within)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_FD int top = layer_cover(p, strcmp(layer, "-") == 0 ? NULL : layer, tree);
	OWN_FD int dir = top < 0 ? top : open_beneath(top, within, O_RDONLY | O_DIRECTORY, 0);
	int r = dir < 0 ? dir : dir_marks_read(dir, marks);

	if (r == -ENOENT)
		return 0;
	return r < 0 || !marks->opaque ? r : settle_clean(dir);
}

int settle_recover(const struct pod *p, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	char *rest, *layer, *tree;
	int r = remove_tree_at(p->dir, SETTLE_SCRATCH);

	if (r < 0)
		return err_set(e, -r, "remove %s/" SETTLE_SCRATCH, p->path);
	r = read_file_at(p->dir, NOTE, &text, 1 << 16);
	if (r == -ENOENT)
		return 0;
	rest = text.data;
	layer = strsep(&rest, "\n");
	tree = strsep(&rest, "\n");
	if (r == 0 && rest && !strchr(tree, '/') && layer[strspn(layer, "0123456789abcdef-")] == 0)
		r = take_back(p, layer, tree, rest);
	if (r == 0)
		r = settle_end(p);
	return r < 0 ? err_set(e, -r, "take back what %s/" NOTE " names", p->path) : 0;
}
