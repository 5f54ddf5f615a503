/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/hostsocket.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/need.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/view.h"

#define X11_DIR "/tmp/.X11-unix"

static int refuse(const char *path, const char *why, struct err *e)
{
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "the socket %s: %s", esc(path), why);
}

/* An X server may be root's; a directory of X servers' is anybody's, so who made the socket counts.
 */
static int judge(const char *path, const struct stat *st, uid_t uid, bool x11, struct err *e)
{
	if (!S_ISSOCK(st->st_mode))
		return refuse(path, "it is none", e);
	if (st->st_uid != uid && !(x11 && st->st_uid == 0))
		return refuse(path, "it belongs to somebody else than the pod's owner", e);
	return 0;
}

int hostsocket_open(const struct plan *pl, const char *path, struct err *e)
{
	uid_t uid = (uid_t)plan_u64(pl, "identity.uid", 0);
	OWN_FREE char *own = xfmt("/run/user/%u", uid);
	bool x11 = path_below(path, X11_DIR);
	OWN_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct stat st;
	int r;

	if (uid == 0)
		return refuse(path, "the pod is root's, and root's display is nobody else's", e);
	if (!x11 && (!path_below(path, own) || strcmp(path, own) == 0))
		return refuse(path, "it lies outside of the runtime directory of the pod's owner",
			      e);
	fd = root < 0 ? -errno : open_beneath(root, path, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_status(e, POD_EXIT_UNSUPPORTED, fd < 0 ? -fd : errno,
				  "open the socket %s", esc(path));
	r = judge(path, &st, uid, x11, e);
	return r < 0 ? r : take_fd(&fd);
}

static int attach(const struct view *v, int root, const struct need_socket *s, struct err *e)
{
	OWN_FD int fd = hostsocket_open(v->plan, s->path, e), target = -1, mnt = -1;
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV |
					      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};

	if (fd < 0)
		return fd;
	mnt = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mnt < 0 || mount_setattr(mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "clone the socket %s", esc(s->path));
	target = bind_target(v, root, s->as, false, e);
	return target < 0 ? target : mount_attach(mnt, target, esc(s->as), e);
}

int hostsockets_attach(const struct view *v, int root, struct err *e)
{
	OWN_NEEDS struct needs n = {0};
	int r = plan_str(v->plan, "plugin", NULL) ? needs_load(&n, v->pod, e) : 0;

	for (size_t i = 0; r == 0 && i < n.n_sockets; i++)
		r = attach(v, root, &n.sockets[i], e);
	return r;
}
