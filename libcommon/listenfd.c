/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/listenfd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/unit.h"

#define FIRST 3

/* What is meant for another process, which left its environment to us, is not ours. */
static bool is_ours(const char *name)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	uint64_t n;

	if (!pid || !fds || unit_u64(pid, INT32_MAX, &n) < 0 || n != (uint64_t)getpid())
		return false;
	return strcmp(fds, "1") == 0 && (!names || strcmp(names, name) == 0);
}

static int option(int fd, int which)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, which, &value, &len) < 0 ? -1 : value;
}

int listenfd_take(const char *name, struct err *e)
{
	bool ours = is_ours(name);
	int flags;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "no socket \"%s\" was handed in: a pod's session does so, or any "
				  "program that keeps to sd_listen_fds(3)",
				  name);
	flags = fcntl(FIRST, F_GETFL);
	if (option(FIRST, SO_DOMAIN) != AF_UNIX || option(FIRST, SO_TYPE) != SOCK_STREAM ||
	    option(FIRST, SO_ACCEPTCONN) != 1)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "descriptor %d is no listening Unix stream socket", FIRST);
	if (flags < 0 || fcntl(FIRST, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(FIRST, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(e, errno, "prepare descriptor %d", FIRST);
	return FIRST;
}
