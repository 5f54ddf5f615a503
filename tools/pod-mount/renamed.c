/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/renamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "tools/pod-mount/whiteout.h"

void renamed_target(struct buf *out, const char *path, const char *value)
{
	const char *slash = strrchr(path, '/');

	buf_clear(out);
	if (value[0] != '/') {
		buf_add(out, path, slash ? (size_t)(slash - path) : 0);
		buf_char(out, '/');
	}
	buf_str(out, value);
}

/* One component down; closes the directory it came from. */
static int step(int fd, const char *name, struct dir_marks *marks, bool *stop)
{
	int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (next < 0)
		next = -errno;
	if (next < 0 && next != -ENOENT)
		*stop = true; /* a whiteout or a file in its place */
	close(fd);
	if (next >= 0 && dir_marks_read(next, marks) < 0) {
		int r = -errno;

		*stop = true;
		close(next);
		errno = -r;
		return r;
	}
	return next;
}

/*
 * `below` grows with the path as the layers below must be asked for it: a redirect on the way
 * replaces what stands before it.
 */
int renamed_lookup(int rootfd, struct buf *path, bool *stop)
{
	OWN_FREE char *copy = xstrdup(path->data ? path->data : "");
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	OWN_BUF struct buf below = BUF_INIT;
	OWN_BUF struct buf here = BUF_INIT;
	int fd = fcntl(rootfd, F_DUPFD_CLOEXEC, 3);
	char *rest = copy, *name;

	if (fd < 0)
		return -errno;
	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		if (!*name)
			continue;
		fd = step(fd, name, marks, stop);
		buf_char(&below, '/');
		buf_str(&below, name);
		if (fd < 0)
			break;
		*stop = *stop || marks->opaque;
		if (!marks->redirected)
			continue;
		/* An absolute one leads out of an opaque directory, too. */
		*stop = *stop && marks->redirect[0] != '/';
		renamed_target(&here, below.data, marks->redirect);
		buf_clear(&below);
		buf_str(&below, here.data);
	}
	/* Also where this layer has nothing: what was renamed on the way stays so for those below.
	 */
	if (fd < 0 && rest)
		buf_fmt(&below, "/%s", rest);
	if (!*stop || fd >= 0) {
		buf_clear(path);
		buf_str(path, below.data ? below.data : "/");
	}
	return fd;
}
