/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/place.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/own.h"

/* The root is let go of at once: whoever lets go of it last takes the view down. */
static int open_place(pid_t pid, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	char root[32];

	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	OWN_FD int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : (int)syscall(SYS_openat2, fd, path, &how, sizeof(how));
}

static uint64_t ns(const struct statx_timestamp *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + t->tv_nsec;
}

void place_look(struct place *p, pid_t pid, int init, const char *path)
{
	OWN_FD int fd = open_place(pid, path);
	struct pollfd gone = {.fd = init, .events = POLLIN};
	struct statx st;

	*p = (struct place){0};
	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
		return;
	if (poll(&gone, 1, 0) != 0)
		return; /* that number may be another's by now */
	p->there = true;
	p->dev = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	p->ino = st.stx_ino;
	p->born_ns = st.stx_mask & STATX_BTIME ? ns(&st.stx_btime) : 0;
	p->changed_ns = ns(&st.stx_ctime);
}

bool place_appeared(const struct place *p, const struct place *before)
{
	return p->there && (!before->there || p->dev != before->dev || p->ino != before->ino ||
			    p->born_ns != before->born_ns || p->changed_ns != before->changed_ns);
}
