/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes.  The first copies the files that have been at rest: what is dirty in memory is
 * written back before it, so that whoever changes a file from then on, by a mapping too, moves its
 * ctime. The second, with app/ frozen, makes the tree and takes what the first one copied where the
 * ctime is still the same.  Where files share blocks with their copies (xfs, btrfs), and on tmpfs,
 * where mappings leave no trace in the ctime, there is only the second.
 */
#include "tools/pod-mount/snapshotlive.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/freezer.h"
#include "tools/pod-mount/private.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/treecopy.h"

/* --- the copy --- */

struct live {
	const struct pod *p;
	const char *temp; /* ".new-ID" */
	int layers, dir, upper;
};

static int open_sub(int dir, const char *name, struct err *e)
{
	int fd = -1;

	if (mkdirat(dir, name, 0700) == 0)
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "make %s of a new layer", name) : fd;
}

/* What is copied counts as the pod's; what describes it does not, as in every other layer, and is
 * linked from outside, which the kernel allows into no project. */
static int open_counted(const struct live *l, const char *name, struct err *e)
{
	OWN_FD int fd = open_sub(l->dir, name, e);
	int r = fd < 0 ? fd : quota_adopt(l->p, fd);

	if (fd >= 0 && r < 0)
		return err_set(e, -r, "count layer %s as pod %s's", l->temp, l->p->name);
	return r < 0 ? r : take_fd(&fd);
}

/* The filesystem's own clock, by the ctime of what was just made. */
static uint64_t fs_now(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	return (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
}

static void copy_ahead(const struct live *l, struct tree_copy *c)
{
	uint64_t before = fs_now(l->dir);
	struct statfs fs;

	if (fstatfs(l->upper, &fs) < 0 || fs.f_type == TMPFS_MAGIC || syncfs(l->upper) < 0)
		return;
	tree_copy_ahead(c, before);
}

static int copy_frozen(const struct live *l, struct tree_copy *c, int tree, struct err *e)
{
	struct freezer f;
	struct err late = {0};
	int r = freezer_start(&f, l->p, e);

	if (r == 0) {
		r = tree_copy_rest(c, tree);
		if (r < 0)
			r = err_set(e, -r, "copy %s/upper", l->p->path);
	}
	if (freezer_end(&f, l->p, &late) < 0 && r == 0) {
		*e = late;
		r = -late.code;
	}
	return r;
}

static int copy_upper(struct live *l, const struct stack *s, struct err *e)
{
	OWN_FD int scratch = open_counted(l, "ahead", e), tree = -1;
	struct tree_copy *c;
	int r;

	if (scratch < 0)
		return scratch;
	tree = open_counted(l, "tree", e);
	if (tree < 0)
		return tree;
	c = tree_copy_new(l->upper, scratch);
	copy_ahead(l, c);
	r = copy_frozen(l, c, tree, e);
	tree_copy_free(c);
	if (r == 0)
		r = layer_describe(l->p, s, l->dir, tree, e);
	if (r == 0 && remove_tree_at(l->dir, "ahead") < 0)
		r = err_set(e, errno, "remove %s/ahead", l->temp);
	return r;
}

static int open_all(struct live *l, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());

	l->upper = open_beneath(l->p->dir, "upper", O_RDONLY | O_DIRECTORY, 0);
	if (l->upper < 0)
		return err_set(e, -l->upper, "open %s/upper", l->p->path);
	l->layers = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->layers < 0)
		return err_set(e, errno, "open %s", path);
	l->dir = open_sub(l->layers, l->temp, e);
	return l->dir < 0 ? l->dir : 0;
}

static void live_finish(struct live *l)
{
	own_close(&l->upper);
	own_close(&l->layers);
	own_close(&l->dir);
}

static int make_layer(struct live *l, const struct stack *s, const char *id, struct err *e)
{
	int r = open_all(l, e);

	if (r < 0)
		return r;
	r = copy_upper(l, s, e);
	if (r == 0 && renameat(l->layers, l->temp, l->layers, id) < 0)
		r = err_set(e, errno, "put layer %s in place", id);
	return r;
}

int live_copy(const struct pod *p, const struct stack *s, char id[LAYER_ID_MAX + 1], struct err *e)
{
	OWN_FREE char *temp = NULL;
	OWN(live_finish) struct live l = {.p = p, .layers = -1, .dir = -1, .upper = -1};
	struct err ignore = {0};
	int r;

	layer_new_id(id);
	temp = xfmt(".new-%s", id);
	l.temp = temp;
	if (symlinkat(id, p->dir, "copying") < 0)
		return err_set(e, errno, "write %s/copying", p->path);
	r = make_layer(&l, s, id, e);
	if (r < 0)
		private_recover(p, &ignore);
	return r;
}

int live_copy_done(const struct pod *p, struct err *e)
{
	return unlinkat(p->dir, "copying", 0) < 0 ? err_set(e, errno, "remove %s/copying", p->path)
						  : 0;
}
