/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three processes make a namespace.  The grandchild, as the pod's own uid, creates a user namespace
 * with a network namespace in it (whoever creates a user namespace rules it from outside, without
 * any capability).  The child, still root, furnishes that network namespace from outside and pins
 * it in the host's mount namespace: the caller's private one may be older than the pin and dies
 * with the run.  The caller takes a descriptor.
 */
#include "libcommon/netns.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/own.h"
#include "libcommon/say.h"

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

int netns_open(const struct pod *p)
{
	return open_ns(p->run, "ns/net");
}

static int lo_up(void)
{
	OWN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

/*
 * Pod root cannot change the addresses, rules and sysctls of a namespace it does not own.  What
 * that would take from ordinary servers and from ping is given back here (KERNEL-NOTES C14).
 */
static int furnish(void *arg, struct err *e)
{
	static const char *const sysctls[][2] = {
		{"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
		{"/proc/sys/net/ipv4/ping_group_range", "0 2147483647"},
	};
	int r = lo_up();

	(void)arg;
	if (r < 0)
		return err_set(e, -r, "bring up the pod's loopback");
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		r = poke_at(AT_FDCWD, sysctls[i][0], sysctls[i][1]);
		if (r < 0)
			return err_set(e, -r, "write %s", sysctls[i][0]);
	}
	return 0;
}

/*
 * Become uid, but keep the capability that makes namespaces where unprivileged users may not: it
 * is worth nothing once the process has ended, a moment later.
 */
static int become(uid_t uid, struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {{0}, {0}};

	caps[0].effective = caps[0].permitted = 1u << CAP_SYS_ADMIN;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    syscall(SYS_capset, &head, caps) < 0)
		return err_set(e, errno, "become the pod's network uid %u", (unsigned)uid);
	return 0;
}

struct maker {
	const struct pod *pod;
	int home, number;
};

static int make_as(const struct maker *m, struct err *e)
{
	int r = become(netid_uid(m->number, NETID_DNS), e);

	if (r == 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		r = err_set(e, errno,
			    "make a network namespace (is user.max_user_namespaces or "
			    "user.max_net_namespaces 0?)");
	return r;
}

/* Runs fn in a child that reports by a whole struct err (code 0: success) and then waits to be
 * looked at by `look`, which gets its pid. */
static int in_child(int (*fn)(const struct maker *m, struct err *e),
		    int (*look)(const struct maker *m, pid_t child, struct err *e),
		    const struct maker *m, struct err *e)
{
	int to_us[2], to_child[2], r;
	struct err told = {0};
	pid_t child;
	char c;

	if (pipe2(to_us, O_CLOEXEC) < 0 || pipe2(to_child, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	child = fork();
	if (child == 0) {
		close(to_child[1]);
		fn(m, &told);
		/* Who is not heard must not wait to be let go. */
		_exit(write_full(to_us[1], &told, sizeof(told)) < 0 ||
		      read(to_child[0], &c, 1) != 0);
	}
	close(to_us[1]);
	if (child < 0)
		r = err_set(e, errno, "fork");
	else if (read_full(to_us[0], &told, sizeof(told)) != sizeof(told))
		r = err_set(e, ERR_PLAIN, "make a network namespace: the helper died");
	else if (told.code)
		*e = told, r = -told.code;
	else
		r = look(m, child, e);
	close(to_us[0]);
	close(to_child[0]);
	close(to_child[1]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return r;
}

static int open_of(pid_t child, struct err *e)
{
	OWN_FREE char *path = xfmt("/proc/%d/ns/net", (int)child);
	int fd = open_ns(AT_FDCWD, path);

	return fd < 0 ? err_set(e, -fd, "open the pod's network namespace") : fd;
}

static int pin(const struct pod *p, struct err *e)
{
	OWN_FREE char *to = xfmt("%s/ns/net", p->runpath);
	OWN_FD int file = -1;
	int r = pod_ns_dir(p, e);

	if (r < 0)
		return r;
	file = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return err_set(e, errno, "make %s", to);
	if (mount("/proc/self/ns/net", to, NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "pin the network namespace at %s", to);
	return 0;
}

/* In the child: enter what the grandchild made, and pin it. */
static int settle(const struct maker *m, pid_t grandchild, struct err *e)
{
	OWN_FD int fd = open_of(grandchild, e);
	int r;

	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the pod's network namespace");
	r = furnish(NULL, e);
	return r < 0 ? r : pin(m->pod, e);
}

/* In the child.  Somebody may have pinned one meanwhile: looked for once more at home. */
static int make_at_home(const struct maker *m, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/ns/net", m->pod->runpath);
	OWN_FD int there = -1;

	if (m->home >= 0 && setns(m->home, CLONE_NEWNS) < 0)
		return err_set(e, errno, "enter the host's mount namespace");
	there = open_ns(AT_FDCWD, path);
	if (there < 0)
		return in_child(make_as, settle, m, e);
	return setns(there, CLONE_NEWNET) < 0 ? err_set(e, errno, "enter %s", path) : 0;
}

static int open_child(const struct maker *m, pid_t child, struct err *e)
{
	(void)m;
	return open_of(child, e);
}

int netns_make(const struct pod *p, int home, struct err *e)
{
	struct maker m = {.pod = p, .home = home};
	int fd = netns_open(p);

	if (fd >= 0)
		return fd;
	m.number = netid_get(p, e);
	return m.number < 0 ? m.number : in_child(make_at_home, open_child, &m, e);
}

int netns_unpin(const struct pod *p, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/ns/net", p->runpath);

	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return errno == EINVAL || errno == ENOENT ? 0 : err_set(e, errno, "unmount %s", path);
}

int netns_within(int ns, int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	OWN_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (home < 0)
		return err_set(e, errno, "open /proc/self/ns/net");
	if (setns(ns, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the pod's network namespace");
	r = fn(arg, e);
	/* Whatever came next would be done to the wrong network. */
	if (setns(home, CLONE_NEWNET) < 0)
		die(2, "return from the pod's network namespace: %s", strerror(errno));
	return r;
}

struct sock {
	int family, type, protocol;
};

static int make_socket(void *arg, struct err *e)
{
	const struct sock *s = arg;
	int fd = socket(s->family, s->type | SOCK_CLOEXEC, s->protocol);

	return fd < 0 ? err_set(e, errno, "make a socket in the pod's network namespace") : fd;
}

int netns_socket(int ns, int family, int type, int protocol, struct err *e)
{
	struct sock s = {family, type, protocol};

	return netns_within(ns, make_socket, &s, e);
}
