/* SPDX-License-Identifier: Apache-2.0 */
/* Trying instead of believing version numbers: distributions move features between kernels. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/overlay.h"

/* In a namespace of its own, on two throw-away tmpfs: by one interface, then by the other. */
static int try_overlay(void)
{
	struct err e = {0};
	OWN_FD int base = -1, empty = -1, dir = -1, mnt = -1;
	struct overlay o = {.path = "a test", .userns = -1, .mask = -1, .upper = -1, .work = -1};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 || mkdir("/tmp/l", 0700) < 0 ||
	    mkdir("/tmp/s", 0700) < 0)
		return OVERLAY_NONE;
	o.host = dir = open("/tmp/l", O_PATH | O_DIRECTORY | O_CLOEXEC);
	mnt = overlay_make(&o, &e);
	if (mnt >= 0 && !overlay_old_asked())
		return OVERLAY_NEW;
	o.scratch = "/tmp/s";
	own_close(&mnt);
	mnt = overlay_make(&o, &e);
	return mnt >= 0 ? OVERLAY_OLD : OVERLAY_NONE;
}

enum overlay_api overlay_probe(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_overlay());
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return OVERLAY_NONE;
	return (enum overlay_api)WEXITSTATUS(status);
}

/* A user namespace with some map; its only task waits at the pipe. */
static int some_userns(void)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	char path[48], c;
	int hold[2], fd = -1;
	pid_t child;

	if (pipe2(hold, O_CLOEXEC) < 0)
		return -errno;
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0) {
		close(hold[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	close(hold[0]);
	if (child > 0) {
		snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)child);
		poke_at(AT_FDCWD, path, "0 524288 65536\n");
		snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)child);
		poke_at(AT_FDCWD, path, "0 524288 65536\n");
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)child);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	close(hold[1]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return fd;
}

int idmap_probe(const char *dir)
{
	OWN_FD int userns = some_userns();
	OWN_FD int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_FD int mnt = -1;
	struct err e = {0};
	bool raw = false;

	if (userns < 0 || fd < 0)
		return -errno;
	mnt = clone_mapped(fd, userns, 0, &raw, &e);
	return mnt < 0 ? mnt : raw ? -EINVAL : 0;
}
