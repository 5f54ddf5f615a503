/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's user namespace, pinned as a file so that the idmapped view and the processes of every
 * run share one map.  A child is born in a new namespace, waits while its maps are written, and is
 * let go once its namespace is bound to RUN/NAME/ns/user.  Pins are mounts: after a reboot the file
 * is there and empty, and is pinned anew with the same map.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"

static int open_pin(const struct pod *p)
{
	OWN_FD int fd = openat(p->run, "ns/user", O_RDONLY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return -ENOENT;
	return take_fd(&fd);
}

int pod_ns_dir(const struct pod *p, struct err *e)
{
	OWN_FREE char *dir = xfmt("%s/ns", p->runpath);

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", dir);
	if (mount(NULL, dir, NULL, MS_PRIVATE, NULL) == 0)
		return 0; /* was a mount already */
	if (mount(dir, dir, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, dir, NULL, MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make %s a mount of its own", dir);
	return 0;
}

static void map_text(struct buf *b, unsigned base, unsigned identity)
{
	if (identity == 0 || identity >= 65536) {
		buf_fmt(b, "0 %u 65536\n", base);
		if (identity)
			buf_fmt(b, "%u %u 1\n", identity, identity);
		return;
	}
	buf_fmt(b, "0 %u %u\n%u %u 1\n", base, identity, identity, identity);
	if (identity + 1 < 65536)
		buf_fmt(b, "%u %u %u\n", identity + 1, base + identity + 1, 65535 - identity);
}

static int write_map(pid_t child, const char *which, unsigned base, unsigned identity,
		     struct err *e)
{
	OWN_FREE char *path = xfmt("/proc/%d/%s", (int)child, which);
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	map_text(&b, base, identity);
	r = poke_at(AT_FDCWD, path, b.data);
	return r < 0 ? err_set(e, -r, "write %s", path) : 0;
}

static int pin_child(const struct pod *p, pid_t child, unsigned base, uid_t uid, gid_t gid,
		     struct err *e)
{
	OWN_FREE char *from = xfmt("/proc/%d/ns/user", (int)child);
	OWN_FREE char *to = xfmt("%s/ns/user", p->runpath);
	OWN_FD int fd = -1;
	int r = write_map(child, "uid_map", base, uid, e);

	if (r == 0)
		r = write_map(child, "gid_map", base, gid, e);
	if (r < 0)
		return r;
	fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", to);
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "pin the user namespace at %s", to);
	return 0;
}

int pod_userns(const struct pod *p, uid_t base, uid_t uid, gid_t gid, struct err *e)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	int hold[2], r = open_pin(p);
	pid_t child;
	char c;

	if (r >= 0)
		return r;
	r = pod_ns_dir(p, e);
	if (r < 0)
		return r;
	if (pipe2(hold, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0) {
		close(hold[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	close(hold[0]);
	r = child < 0 ? err_set(e, errno, "make a user namespace (is user.max_user_namespaces 0?)")
		      : pin_child(p, child, base, uid, gid, e);
	close(hold[1]);
	if (child > 0)
		waitpid(child, NULL, 0);
	if (r < 0)
		return r;
	r = open_pin(p);
	return r < 0 ? err_set(e, -r, "open the pinned user namespace of %s", p->name) : r;
}
