/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/names.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

int follow_begin(struct watch *w, struct loop *l, const struct pod *p, enum netid_role role,
		 const char *path, uint32_t mask, struct err *e)
{
	int r;

	w->fd = netid_inotify(p, role, e);
	if (w->fd < 0)
		return w->fd;
	if (inotify_add_watch(w->fd, path, mask) < 0)
		return err_set(e, errno, "watch %s", esc(path));
	r = loop_add(l, w, EPOLLIN);
	return r < 0 ? err_set(e, -r, "watch %s", esc(path)) : 0;
}

void follow_drain(const struct watch *w)
{
	char data[4096];

	while (read(w->fd, data, sizeof(data)) > 0)
		;
}

int follow_names(struct names *n, struct watch *w, struct loop *l, const struct pod *p,
		 enum netid_role role, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/net/names", p->runpath);
	int fd = openat(p->run, "net/names", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(e, errno, "open %s (pod-net up %s makes it)", path, p->name);
	if (names_map(n, fd, false, e) < 0)
		return -EINVAL;
	return follow_begin(w, l, p, role, path, IN_MODIFY, e);
}
