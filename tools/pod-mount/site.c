/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/site.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/source.h"

static bool mount_id(int fd, const char *path, uint64_t *id)
{
	struct statx sx;

	if (statx(fd, path, AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH), STATX_MNT_ID, &sx) <
	    0)
		return false;
	*id = sx.stx_mnt_id;
	return sx.stx_mask & STATX_MNT_ID;
}

/* Upwards for as long as it is the same mount. */
static char *mount_top(const char *path)
{
	OWN_FREE char *at = xstrdup(path);
	uint64_t id, above;

	if (!mount_id(AT_FDCWD, at, &id))
		return NULL;
	while (strcmp(at, "/") != 0) {
		OWN_FREE char *up = path_clean(at, "..");

		if (!mount_id(AT_FDCWD, up, &above))
			return NULL;
		if (above != id)
			break;
		free(at);
		at = take_ptr(up);
	}
	return take_ptr(at);
}

/* Can the pod's state be reached through the same mount? */
static void find_state(struct site *s, const struct pod *p)
{
	OWN_FREE char *state = path_of(p->dir);
	uint64_t here, there;

	s->near = state && path_below(state, s->top) && mount_id(AT_FDCWD, s->top, &here) &&
		  mount_id(p->dir, "", &there) && here == there;
	if (s->near)
		s->state = path_clean("/", path_from(state, s->top));
}

static int open_cover(struct site *s, const char *path, struct err *e)
{
	int fd = open_beneath(s->root, strcmp(path, s->top) == 0 ? "" : path_from(path, s->top),
			      O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? err_set(e, -fd, "open %s", esc(s->cover)) : fd;
}

int site_open(struct site *s, const char *cover, const struct pod *p, struct err *e)
{
	OWN_FD int fd = cover_open(cover);
	OWN_FREE char *path = NULL;

	*s = (struct site)SITE_INIT;
	s->cover = xstrdup(cover);
	if (fd == -ELOOP)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "open %s: a symlink has come in its way; nothing is committed "
				  "through one",
				  esc(cover));
	if (fd < 0)
		return err_set(e, -fd, "open %s", esc(cover));
	path = path_of(fd);
	s->top = path ? mount_top(path) : NULL;
	if (!s->top)
		return err_set(e, ENOSYS, "find the mount of %s", esc(cover));
	s->root = cover_anchor(s->top, e);
	if (s->root < 0)
		return s->root;
	find_state(s, p);
	s->host = open_cover(s, path, e);
	return s->host < 0 ? s->host : 0;
}

static char *stage_path(const struct site *s, const struct pod *p, const char *id)
{
	return s->near ? xfmt("%s/undo/%s/new", s->state, id) : xfmt(".envpod-%s-%s", p->name, id);
}

int site_try(const struct site *s, const struct pod *p, struct err *e)
{
	static const char *const names[] = {"one", "other"};
	OWN_FREE char *path = xfmt(".envpod-%s-try", p->name);
	OWN_FD int dir = -1;
	int r = 0;

	if (s->near)
		return 0;
	if (mkdirat(s->root, path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/%s", esc(s->top), esc(path));
	dir = open_beneath(s->root, path, O_RDONLY | O_DIRECTORY, 0);
	for (size_t i = 0; i < 2 && dir >= 0; i++)
		if (mkdirat(dir, names[i], 0700) < 0 && errno != EEXIST)
			r = -errno;
	if (r == 0 && renameat2(dir, names[0], dir, names[1], RENAME_EXCHANGE) < 0)
		r = -errno;
	for (size_t i = 0; i < 2 && dir >= 0; i++)
		unlinkat(dir, names[i], AT_REMOVEDIR);
	unlinkat(s->root, path, AT_REMOVEDIR);
	if (r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP)
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "change %s: on its filesystem two files cannot change places, so "
				  "that nothing there could be replaced safely; commit --output "
				  "DIR writes elsewhere",
				  esc(s->top));
	return r < 0 ? err_set(e, -r, "try what can be done in %s", esc(s->top)) : 0;
}

int site_stage(struct site *s, const struct pod *p, const char *id, bool make, struct err *e)
{
	OWN_FREE char *path = stage_path(s, p, id);
	OWN_FD int parent = -1;
	const char *leaf;
	struct stat st;

	parent = open_parent_beneath(s->root, path, &leaf);
	if (parent < 0)
		return err_set(e, -parent, "open %s beneath %s", esc(path), esc(s->top));
	if (make && mkdirat(parent, leaf, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/%s", esc(s->top), esc(path));
	s->stage = open_beneath(parent, leaf, O_RDONLY | O_DIRECTORY, 0);
	if (s->stage < 0)
		return err_set(e, -s->stage, "open %s/%s", esc(s->top), esc(path));
	if (fstat(s->stage, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 077)
		return err_set(e, ERR_PLAIN, "%s/%s is not ours: remove it", esc(s->top),
			       esc(path));
	return 0;
}

int site_take(struct site *s, const char *id, struct err *e)
{
	OWN_FREE char *path = s->near ? xfmt("%s/undo/%s/new", s->state, id) : NULL;

	if (!path)
		return 0;
	s->taken = open_beneath(s->root, path, O_RDONLY | O_DIRECTORY, 0);
	return s->taken < 0 ? err_set(e, -s->taken, "open %s", esc(path)) : 0;
}

void site_unstage(struct site *s, const struct pod *p, const char *id)
{
	OWN_FREE char *path = stage_path(s, p, id);

	own_close(&s->stage);
	s->stage = -1;
	if (!s->near && unlinkat(s->root, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		say_warn("%s/%s stays, an empty directory that is not needed any more: %s",
			 strcmp(s->top, "/") == 0 ? "" : esc(s->top), path, strerror(errno));
}

int site_layer(const struct site *s, const struct pod *p, const char *id)
{
	OWN_FREE char *name = pod_cover_name(s->cover);
	OWN_FREE char *path = NULL, *state = NULL;

	if (!s->near)
		return layer_cover(p, id, name);
	state = path_clean(s->state, "../..");
	path = id ? xfmt("%s/layers/%s/tree/%s", state, id, name)
		  : xfmt("%s/upper/%s", s->state, name);
	return open_beneath(s->root, path, O_RDONLY | O_DIRECTORY, 0);
}

void site_finish(struct site *s)
{
	own_close(&s->root);
	own_close(&s->host);
	own_close(&s->stage);
	own_close(&s->taken);
	free(s->cover);
	free(s->top);
	free(s->state);
	*s = (struct site)SITE_INIT;
}
