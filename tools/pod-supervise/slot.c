/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"

const char *slot_name(const char *stem, unsigned number, const char *ending)
{
	static char names[4][48];
	static unsigned turn;
	char *name = names[turn++ % 4];

	if (number == 1)
		snprintf(name, sizeof(names[0]), "%s.%s", stem, ending);
	else
		snprintf(name, sizeof(names[0]), "%s.%u.%s", stem, number, ending);
	return name;
}

int slot_lock(int dir, const char *name)
{
	for (;;) {
		OWN_FD int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat mine, there;

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return -EAGAIN;
		/* Its last owner may have removed it between our open and our lock. */
		if (fstat(fd, &mine) == 0 && fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    mine.st_ino == there.st_ino)
			return ftruncate(fd, 0) < 0 ? -errno : take_fd(&fd);
	}
}

int slot_take(const struct pod *p, unsigned *number, int *lock, struct err *e)
{
	for (*number = 1; *number <= SLOT_MAX; (*number)++) {
		*lock = slot_lock(p->run, slot_name("supervise", *number, "pid"));
		if (*lock >= 0)
			return 0;
		if (*lock != -EAGAIN)
			return err_set(e, -*lock, "write %s/%s", p->runpath,
				       slot_name("supervise", *number, "pid"));
	}
	return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
			  "pod %s has %d background runs already; envpod stop %s ends them",
			  p->name, SLOT_MAX, p->name);
}

int slot_fill(int lock, pid_t pid, struct err *e)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %llu\n", (int)pid, pod_start_time(pid));

	return pwrite(lock, text, (size_t)n, 0) == n ? 0 : err_set(e, errno, "write supervise.pid");
}

void slot_release(const struct pod *p, unsigned number)
{
	unlinkat(p->run, slot_name("supervise", number, "sock"), 0);
	unlinkat(p->run, slot_name("supervise", number, "pid"), 0);
}

void run_finish(struct run *r)
{
	own_close(&r->pidfd);
	*r = (struct run)RUN_INIT;
}

bool run_look(const struct pod *p, unsigned number, struct run *r)
{
	OWN_FD int pidfd = -1;
	char text[64];
	int pid;

	if (read_line_at(p->run, slot_name("supervise", number, "pid"), text, sizeof(text)) < 0 ||
	    sscanf(text, "%d %llu", &pid, &r->start) != 2 || pid <= 1)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 || pod_start_time(pid) != r->start)
		return false;
	r->number = number;
	r->pid = pid;
	r->pidfd = take_fd(&pidfd);
	return true;
}

int run_find(const struct pod *p, unsigned number, struct run *r, struct err *e)
{
	*r = (struct run)RUN_INIT;
	for (unsigned n = number ? number : 1; n <= (number ? number : SLOT_MAX); n++) {
		struct run one = RUN_INIT;

		if (!run_look(p, n, &one))
			continue;
		if (r->pidfd >= 0 && r->start > one.start) {
			run_finish(&one);
			continue;
		}
		run_finish(r);
		*r = one;
	}
	if (r->pidfd >= 0)
		return 0;
	if (number)
		return err_set(e, ERR_PLAIN,
			       "pod %s has no background run %u (envpod start, envpod run -b)",
			       p->name, number);
	return err_set(e, ERR_PLAIN, "pod %s has no background run (envpod start, envpod run -b)",
		       p->name);
}
