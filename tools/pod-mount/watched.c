/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/watched.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/say.h"

#define PATIENCE_MS 1000
#define LOOK_MS     10

/* "PID START FD": a process that has another start is not the one that wrote it. */
int watched_open(const struct pod *p)
{
	unsigned long long start;
	OWN_FD int pidfd = -1;
	char line[64];
	int pid, fd;

	if (read_line_at(p->run, "trace", line, sizeof(line)) < 0 ||
	    sscanf(line, "%d %llu %d", &pid, &start, &fd) != 3)
		return -1;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 || pod_start_time(pid) != start)
		return -1;
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

void watched_add(int group, int mnt)
{
	if (group >= 0 && fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
					FAN_MODIFY | FAN_CLOSE_WRITE, mnt, ".") < 0)
		say_note("have pod-trace hear of files that are written: %s", strerror(errno));
}

/* Nothing waits to be read any more.  Who reads holds the file locked until it is written down. */
static void settle(int group)
{
	int waiting = 0;

	for (int ms = 0; ms < PATIENCE_MS; ms += LOOK_MS) {
		if (ioctl(group, FIONREAD, &waiting) < 0 || waiting == 0)
			return;
		poll(NULL, 0, LOOK_MS);
	}
}

void watched_read(const struct pod *p, struct writers *all)
{
	OWN_FD int fd = openat(p->dir, WRITERS_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	OWN_FD int group = watched_open(p);
	OWN_BUF struct buf b = BUF_INIT;

	if (fd < 0)
		return;
	if (group >= 0)
		settle(group);
	if (flock(fd, LOCK_SH) == 0 && read_fd(fd, &b, 2 * WRITERS_MAX) == 0 && b.len)
		writers_parse(all, b.data, b.len);
}
