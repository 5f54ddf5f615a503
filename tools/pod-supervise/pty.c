/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libcommon/own.h"

void pty_resize(int fd, unsigned rows, unsigned columns)
{
	struct winsize w = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	ioctl(fd, TIOCSWINSZ, &w);
}

/* By descriptor, so that it is the right one whatever is mounted at /dev/pts. */
int pty_again(int master, struct err *e)
{
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return slave < 0 ? err_set(e, errno, "open the other end of a terminal") : slave;
}

int pty_open(int *master, int *slave, struct err *e)
{
	OWN_FD int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int unlock = 0;

	if (fd < 0 || ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_set(e, errno, "open a terminal (/dev/ptmx)");
	*slave = pty_again(fd, e);
	if (*slave < 0)
		return *slave;
	pty_resize(fd, 24, 80);
	*master = take_fd(&fd);
	return 0;
}

int pty_enter(int slave)
{
	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			return -errno;
	return 0;
}
