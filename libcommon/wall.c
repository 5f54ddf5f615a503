/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/wall.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"

static bool is_there(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A pod that runs without what is not built yet has its loopback alone. */
static bool is_unbuilt(const struct plan *pl)
{
	const char *key;

	for (size_t i = 0; (key = plan_next(pl, "unbuilt", &i));)
		if (strncmp(key, "network", 7) == 0)
			return true;
	return false;
}

bool wall_wanted(const struct pod *p, const struct plan *pl)
{
	if (is_unbuilt(pl))
		return false;
	if (plan_is(pl, "network", "monitored") || plan_is(pl, "wall", "yes"))
		return true;
	return plan_is(pl, "network", "isolated") &&
	       (is_there(p->dir, "policy/dns.json") || is_there(p->dir, "policy/ports.json"));
}

pid_t wall_keeper(const struct pod *p, int *pidfd)
{
	unsigned long long start;
	struct pollfd gone = {.events = POLLIN};
	OWN_FD int fd = -1;
	char text[64];
	int pid;

	if (read_line_at(p->run, "helpers.pid", text, sizeof(text)) < 0 ||
	    sscanf(text, "%d %llu", &pid, &start) != 2 || pid <= 1)
		return 0;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || pod_start_time(pid) != start)
		return 0;
	gone.fd = fd;
	if (poll(&gone, 1, 0) > 0)
		return 0;
	if (pidfd)
		*pidfd = take_fd(&fd);
	return pid;
}

bool wall_stands(const struct pod *p)
{
	return is_there(p->run, "net/up") && wall_keeper(p, NULL) > 0;
}

bool wall_left(const struct pod *p)
{
	return is_there(p->run, "net") || is_there(p->run, "helpers.pid");
}
