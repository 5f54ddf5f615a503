/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that a pod has no business with.  For most of them it is a success to get as far as
 * the kernel's own handler; the arguments are such that it then does nothing: a bad magic, a file
 * that is not there, an empty module.  ENOSYS: this kernel has no such call.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/pod-probe/probe.h"

struct call {
	long nr;
	long args[6];
};

static enum verdict reach(const void *arg)
{
	const struct call *c = arg;
	const long *a = c->args;

	if (syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0)
		return opened("-");
	if (errno == ENOSYS)
		return absent();
	if (errno == EPERM || errno == EACCES)
		return stopped();
	return opened("reached the kernel: %s", strerrorname_np(errno));
}

/* What a clone returned, on both sides: the child ends at once. */
static enum verdict born(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return stopped();
	waitpid((pid_t)pid, NULL, 0);
	return opened("-");
}

static enum verdict clone_into(const void *flags)
{
	return born(syscall(SYS_clone, (long)*(const unsigned *)flags | SIGCHLD, 0, 0, 0, 0));
}

static enum verdict clone3_into(const void *flags)
{
	struct clone_args args = {.flags = *(const unsigned *)flags, .exit_signal = SIGCHLD};

	return born(syscall(SYS_clone3, &args, sizeof(args)));
}

static enum verdict use_io_uring(const void *unused)
{
	struct io_uring_params params = {0};

	(void)unused;
	return unless_failed(syscall(SYS_io_uring_setup, 4, &params));
}

static enum verdict use_perf(const void *unused)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_CPU_CLOCK};

	(void)unused;
	return unless_failed(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static enum verdict set_tick(const void *unused)
{
	struct timex t = {0};

	(void)unused;
	if (adjtimex(&t) < 0)
		return stopped();
	t.modes = ADJ_TICK; /* as it is: allowed or not, nothing changes */
	return unless_failed(adjtimex(&t));
}

/* A frozen personality turns off address randomisation for what is executed next. */
static enum verdict change_personality(const void *unused)
{
	(void)unused;
	return unless_failed(personality(PER_LINUX | READ_IMPLIES_EXEC));
}

static enum verdict open_socket(const void *arg)
{
	const int *s = arg;
	int fd = socket(s[0], s[1], s[2]);

	if (fd >= 0)
		return opened("-");
	if (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)
		return absent();
	return stopped();
}

/* Every family but the few that ordinary software asks for: unix, IPv4, IPv6, netlink. */
static enum verdict other_families(const void *unused)
{
	(void)unused;
	for (int family = 3; family < 50; family++) {
		if (family == AF_INET6 || family == AF_NETLINK)
			continue;
		for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++)
			if (socket(family, type, 0) >= 0)
				return opened("family %d, type %d", family, type);
	}
	return held("none opens");
}

/*
 * The 32-bit entry: a filter that looks at numbers alone would see other calls; 20 is getpid there.
 * (x32, the third way in, most kernels answer like the filter does, with ENOSYS: test_seccomp has
 * it.)
 */
static long int80(long nr, long a)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(0), "d"(0) : "memory");
	return r;
}

static enum verdict call_32bit(const void *unused)
{
	(void)unused;
	return int80(20, 0) == getpid() ? opened("getpid by int 0x80") : held("refused");
}

static enum verdict unshare_them(const void *flags)
{
	return unless_failed(unshare((int)*(const unsigned *)flags));
}

#define BAD    0xfffful
#define NOFD   (-1L)
#define PTR(p) ((long)(p))
#define CALL(...)            \
	&(const struct call) \
	{                    \
		__VA_ARGS__  \
	}
#define FLAGS(f)          \
	&(const unsigned) \
	{                 \
		f         \
	}
#define SOCK(...)           \
	&(const int[])      \
	{                   \
		__VA_ARGS__ \
	}

static const char none[] = "/nowhere/escape";
static char zeros[4096];
static const struct timespec bad_time = {0, -1}; /* judged before any permission is */

const struct probe call_probes[] = {
	{"seccomp", "reboot", CRITICAL, "reboot is closed", reach, CALL(SYS_reboot, {0}), NULL},
	{"seccomp", "kexec-load", CRITICAL, "kexec_load is closed", reach,
	 CALL(SYS_kexec_load, {0, 0, 0, BAD}), NULL},
	{"seccomp", "kexec-file-load", CRITICAL, "kexec_file_load is closed", reach,
	 CALL(SYS_kexec_file_load, {NOFD, NOFD, 0, 0, BAD}), NULL},
	{"seccomp", "init-module", CRITICAL, "init_module is closed", reach,
	 CALL(SYS_init_module, {PTR(zeros), 0, PTR(zeros)}), NULL},
	{"seccomp", "finit-module", CRITICAL, "finit_module is closed", reach,
	 CALL(SYS_finit_module, {NOFD, PTR(zeros), 0}), NULL},
	{"seccomp", "delete-module", CRITICAL, "delete_module is closed", reach,
	 CALL(SYS_delete_module, {PTR("escape"), 0}), NULL},
	{"seccomp", "bpf", CRITICAL, "bpf is closed", reach, CALL(SYS_bpf, {0, PTR(zeros), 64}),
	 NULL},
	{"seccomp", "userfaultfd", HIGH, "userfaultfd is closed", reach, CALL(SYS_userfaultfd, {0}),
	 NULL},
	{"seccomp", "userfaultfd-user", HIGH, "userfaultfd is closed for user mode, too", reach,
	 CALL(SYS_userfaultfd, {1}), NULL},
	{"seccomp", "io-uring", HIGH, "io_uring is closed", use_io_uring, NULL, NULL},
	{"seccomp", "perf", MEDIUM, "perf_event_open is closed", use_perf, NULL, NULL},
	{"seccomp", "keyctl", HIGH, "keyctl is closed", reach, CALL(SYS_keyctl, {0, -2, 1}), NULL},
	{"seccomp", "add-key", HIGH, "add_key is closed", reach,
	 CALL(SYS_add_key, {PTR("user"), PTR("escape"), PTR("x"), 1, -2}), NULL},
	{"seccomp", "request-key", HIGH, "request_key is closed", reach,
	 CALL(SYS_request_key, {PTR("user"), PTR("escape")}), NULL},
	{"seccomp", "swapon", HIGH, "swapon is closed", reach, CALL(SYS_swapon, {PTR(none)}), NULL},
	{"seccomp", "swapoff", HIGH, "swapoff is closed", reach, CALL(SYS_swapoff, {PTR(none)}),
	 NULL},
	{"seccomp", "acct", HIGH, "acct is closed", reach, CALL(SYS_acct, {PTR(none)}), NULL},
	{"seccomp", "quotactl", HIGH, "quotactl is closed", reach,
	 CALL(SYS_quotactl, {0x80000200, PTR(none)}), NULL},
	{"seccomp", "iopl", CRITICAL, "iopl is closed", reach, CALL(SYS_iopl, {3}), NULL},
	{"seccomp", "ioperm", CRITICAL, "ioperm is closed", reach, CALL(SYS_ioperm, {0x80, 1, 1}),
	 NULL},
	{"seccomp", "clock-settime", HIGH, "clock_settime is closed", reach,
	 CALL(SYS_clock_settime, {0, PTR(&bad_time)}), NULL},
	{"seccomp", "settimeofday", HIGH, "settimeofday is closed", reach,
	 CALL(SYS_settimeofday, {PTR(&bad_time)}), NULL},
	{"seccomp", "adjtimex", MEDIUM, "setting the tick of the clock is closed", set_tick, NULL,
	 NULL},
	{"seccomp", "fanotify", HIGH, "fanotify is closed", reach, CALL(SYS_fanotify_init, {4}),
	 NULL},
	{"seccomp", "kcmp", MEDIUM, "kcmp is closed", reach, CALL(SYS_kcmp, {1, 1, 1}), NULL},
	{"seccomp", "move-pages", MEDIUM, "move_pages is closed", reach, CALL(SYS_move_pages, {1}),
	 NULL},
	{"seccomp", "sysfs", LOW, "sysfs is closed", reach, CALL(SYS_sysfs, {3}), NULL},
	{"seccomp", "personality", LOW, "an executable stack by personality is closed",
	 change_personality, NULL, NULL},
	{"seccomp", "int80", HIGH, "the 32-bit entry is closed", call_32bit, NULL, NULL},
	{"seccomp", "unshare-user", HIGH, "unshare of a user namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWUSER), NULL},
	{"seccomp", "unshare-mount", HIGH, "unshare of a mount namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWNS), NULL},
	{"seccomp", "unshare-pid", HIGH, "unshare of a pid namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWPID), NULL},
	{"seccomp", "unshare-net", HIGH, "unshare of a network namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWNET), NULL},
	{"seccomp", "unshare-uts", HIGH, "unshare of a uts namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWUTS), NULL},
	{"seccomp", "unshare-ipc", HIGH, "unshare of an ipc namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWIPC), NULL},
	{"seccomp", "unshare-cgroup", HIGH, "unshare of a cgroup namespace is closed", unshare_them,
	 FLAGS(CLONE_NEWCGROUP), NULL},
	{"seccomp", "unshare-time", HIGH, "unshare of a time namespace is closed", unshare_them,
	 FLAGS(0x80 /* CLONE_NEWTIME */), NULL},
	{"seccomp", "clone-user", HIGH, "clone into a user namespace is closed", clone_into,
	 FLAGS(CLONE_NEWUSER), NULL},
	{"seccomp", "clone-user-mount", HIGH, "clone into a user and mount namespace is closed",
	 clone_into, FLAGS(CLONE_NEWUSER | CLONE_NEWNS), NULL},
	{"seccomp", "clone-mount", HIGH, "clone into a mount namespace is closed", clone_into,
	 FLAGS(CLONE_NEWNS), NULL},
	{"seccomp", "clone-net", HIGH, "clone into a network namespace is closed", clone_into,
	 FLAGS(CLONE_NEWNET), NULL},
	{"seccomp", "clone-pid", HIGH, "clone into a pid namespace is closed", clone_into,
	 FLAGS(CLONE_NEWPID), NULL},
	{"seccomp", "clone3-user", HIGH, "clone3 into a user namespace is closed", clone3_into,
	 FLAGS(CLONE_NEWUSER), NULL},
	{"seccomp", "vsock", MEDIUM, "sockets to the hypervisor are closed", open_socket,
	 SOCK(AF_VSOCK, SOCK_STREAM, 0), NULL},
	{"seccomp", "packet-socket", HIGH, "packet sockets are closed", open_socket,
	 SOCK(AF_PACKET, SOCK_RAW, 0), NULL},
	{"seccomp", "raw-socket", HIGH, "raw sockets are closed", open_socket,
	 SOCK(AF_INET, SOCK_RAW, 1), NULL},
	{"seccomp", "firewall-socket", HIGH, "netlink to the firewall is closed", open_socket,
	 SOCK(AF_NETLINK, SOCK_RAW, 12), NULL},
	{"seccomp", "other-sockets", MEDIUM, "sockets of uncommon families are closed",
	 other_families, NULL, NULL},
	{0},
};
