/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/own.h"

/* By way of the directory's descriptor: a path may be longer than an address of a socket. */
int listen_in(int dir, const char *name, int type, uid_t owner, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	OWN_FD int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", dir, name);
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove the socket %s of before", name);
	/* Nobody can connect before listen(), and by then it has its owner. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    fchownat(dir, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, name, 0600, 0) < 0 || listen(fd, 16) < 0)
		return err_set(e, errno, "make the socket %s", name);
	return take_fd(&fd);
}
