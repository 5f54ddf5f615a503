/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/doors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/netid.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define BACKLOG 64

static void empty(int dir)
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!d)
		own_close(&fd);
	while (d && dir_next(d, &name) > 0)
		unlinkat(dir, name, 0);
}

int doors_open(const struct pod *p, struct err *e)
{
	OWN_FD int dir = -1;

	if (mkdirat(p->run, "sock", 0711) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/sock", p->runpath);
	dir = openat(p->run, "sock", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 || fchmod(dir, 0711) < 0)
		return err_set(e, errno, "open %s/sock", p->runpath);
	empty(dir);
	return take_fd(&dir);
}

/* By the directory's descriptor: names of sockets are short, and those of directories may not be.
 */
static int bind_in(int fd, int dir, const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	mode_t before;
	int r;

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", dir, name);
	unlinkat(dir, name, 0);
	before = umask(0177);
	r = bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
	umask(before);
	return r;
}

int door_make(const struct pod *p, int doors, const char *name, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int number = netid_get(p, e), r;
	uid_t web;

	if (number < 0)
		return number;
	web = netid_uid(number, NETID_WEB);
	r = fd < 0 ? -errno : bind_in(fd, doors, name);
	if (r == 0 && fchownat(doors, name, web, web, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0 && listen(fd, BACKLOG) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "make %s/sock/%s", p->runpath, name) : take_fd(&fd);
}

void door_remove(int doors, const char *name)
{
	unlinkat(doors, name, 0);
}
