/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/shared.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"

int shared_open(const char *name, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/%s", pod_run_dir(), name);
	OWN_FD int fd = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s", path);
	return take_fd(&fd);
}
