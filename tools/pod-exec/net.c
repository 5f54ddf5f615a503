/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespace belongs to the initial user namespace: pod root cannot change its addresses, rules
 * or sysctls.  What that would take away from ordinary servers and ping is given back by two
 * sysctls (KERNEL-NOTES C14).
 */
#include "tools/pod-exec/net.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"

static int open_ns(int dirfd, const char *path)
{
	OWN_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -ENOENT;
	return take_fd(&fd);
}

static int lo_up(void)
{
	OWN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

static int furnish(struct err *e)
{
	static const char *const sysctls[][2] = {
		{"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
		{"/proc/sys/net/ipv4/ping_group_range", "0 2147483647"},
	};
	int r = lo_up();

	if (r < 0)
		return err_set(e, -r, "bring up the pod's loopback");
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		r = poke_at(AT_FDCWD, sysctls[i][0], sysctls[i][1]);
		if (r < 0)
			return err_set(e, -r, "write %s", sysctls[i][0]);
	}
	return 0;
}

static int pin(const struct pod *p, struct err *e)
{
	OWN_FREE char *to = xfmt("%s/ns/net", p->runpath);
	OWN_FD int file = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0)
		return err_set(e, errno, "make %s", to);
	if (mount("/proc/self/ns/net", to, NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "pin the network namespace at %s", to);
	return 0;
}

/*
 * In the child.  Pins are mounts: they are made, and looked for once more, in the host's mount
 * namespace, since the private one we stand in may be older than the pin and dies with the run.
 */
static int make_in_child(const struct pod *p, int home, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/ns/net", p->runpath);
	OWN_FD int there = -1;
	int r;

	if (home >= 0 && setns(home, CLONE_NEWNS) < 0)
		return err_set(e, errno, "enter the host's mount namespace");
	there = open_ns(AT_FDCWD, path);
	if (there >= 0)
		return setns(there, CLONE_NEWNET) < 0 ? err_set(e, errno, "enter %s", path) : 0;
	if (unshare(CLONE_NEWNET) < 0)
		return err_set(e, errno, "make a network namespace");
	r = furnish(e);
	return r < 0 || home < 0 ? r : pin(p, e);
}

/* The child reports by a whole struct err, code 0 for success, and waits to be looked at. */
static int answer_of(int fd, struct err *e)
{
	struct err told;

	if (read_full(fd, &told, sizeof(told)) != sizeof(told))
		return err_set(e, ERR_PLAIN, "make a network namespace: the helper died");
	if (told.code)
		*e = told;
	return -told.code;
}

static int make(const struct pod *p, int home, struct err *e)
{
	int to_us[2], to_child[2], r, fd = -1;
	pid_t child;
	char c, path[48];

	if (pipe2(to_us, O_CLOEXEC) < 0 || pipe2(to_child, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	child = fork();
	if (child == 0) {
		struct err told = {0};

		close(to_child[1]);
		make_in_child(p, home, &told);
		write_full(to_us[1], &told, sizeof(told));
		_exit(read(to_child[0], &c, 1) != 0);
	}
	close(to_us[1]);
	r = child < 0 ? err_set(e, errno, "fork") : answer_of(to_us[0], e);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)child);
	if (r == 0)
		fd = open_ns(AT_FDCWD, path);
	close(to_us[0]);
	close(to_child[0]);
	close(to_child[1]);
	if (child > 0)
		waitpid(child, NULL, 0);
	if (r == 0 && fd < 0)
		r = err_set(e, -fd, "open the pod's network namespace");
	return r < 0 ? r : fd;
}

int net_open(const struct pod *p, int home, struct err *e)
{
	int fd = open_ns(p->run, "ns/net");

	return fd >= 0 ? fd : make(p, home, e);
}
