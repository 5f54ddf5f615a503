/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that a pod has no business with.  For most of them it is a success to get as far as
 * the kernel's own handler; the arguments are such that it then does nothing: a bad magic, a file
 * that is not there, an empty module.  ENOSYS: this kernel has no such call.
 */
#include "probe.h"

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

struct call {
	long nr;
	long args[6];
};

static enum verdict missing(void)
{
	stopped();
	return ABSENT;
}

static enum verdict reach(const void *arg)
{
	const struct call *c = arg;
	const long *a = c->args;

	if (syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0)
		return worked("-");
	if (errno == ENOSYS)
		return missing();
	if (errno == EPERM || errno == EACCES)
		return stopped();
	return worked("reached the kernel: %s", strerrorname_np(errno));
}

/* clone: the child ends at once. */
static enum verdict clone_into(const void *flags)
{
	long pid = syscall(SYS_clone, (long)*(const unsigned *)flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return stopped();
	waitpid((pid_t)pid, NULL, 0);
	return worked("-");
}

static enum verdict clone3_into(const void *flags)
{
	struct clone_args args = {.flags = *(const unsigned *)flags, .exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return stopped();
	waitpid((pid_t)pid, NULL, 0);
	return worked("-");
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
		return worked("-");
	if (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)
		return missing();
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
				return worked("family %d, type %d", family, type);
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
	return int80(20, 0) == getpid() ? worked("getpid by int 0x80") : held("refused");
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

const struct attack call_attacks[] = {
	{"seccomp", "reboot", reach, CALL(SYS_reboot)},
	{"seccomp", "kexec-load", reach, CALL(SYS_kexec_load, {0, 0, 0, BAD})},
	{"seccomp", "kexec-file-load", reach, CALL(SYS_kexec_file_load, {NOFD, NOFD, 0, 0, BAD})},
	{"seccomp", "init-module", reach, CALL(SYS_init_module, {PTR(zeros), 0, PTR(zeros)})},
	{"seccomp", "finit-module", reach, CALL(SYS_finit_module, {NOFD, PTR(zeros), 0})},
	{"seccomp", "delete-module", reach, CALL(SYS_delete_module, {PTR("escape"), 0})},
	{"seccomp", "bpf", reach, CALL(SYS_bpf, {0, PTR(zeros), 64})},
	{"seccomp", "userfaultfd", reach, CALL(SYS_userfaultfd, {0})},
	{"seccomp", "userfaultfd-user", reach, CALL(SYS_userfaultfd, {1})},
	{"seccomp", "io-uring", use_io_uring, NULL},
	{"seccomp", "perf", use_perf, NULL},
	{"seccomp", "keyctl", reach, CALL(SYS_keyctl, {0, -2, 1})},
	{"seccomp", "add-key", reach,
	 CALL(SYS_add_key, {PTR("user"), PTR("escape"), PTR("x"), 1, -2})},
	{"seccomp", "request-key", reach, CALL(SYS_request_key, {PTR("user"), PTR("escape")})},
	{"seccomp", "swapon", reach, CALL(SYS_swapon, {PTR(none)})},
	{"seccomp", "swapoff", reach, CALL(SYS_swapoff, {PTR(none)})},
	{"seccomp", "acct", reach, CALL(SYS_acct, {PTR(none)})},
	{"seccomp", "quotactl", reach, CALL(SYS_quotactl, {0x80000200, PTR(none)})},
	{"seccomp", "iopl", reach, CALL(SYS_iopl, {3})},
	{"seccomp", "ioperm", reach, CALL(SYS_ioperm, {0x80, 1, 1})},
	{"seccomp", "clock-settime", reach, CALL(SYS_clock_settime, {0, PTR(&bad_time)})},
	{"seccomp", "settimeofday", reach, CALL(SYS_settimeofday, {PTR(&bad_time)})},
	{"seccomp", "adjtimex", set_tick, NULL},
	{"seccomp", "fanotify", reach, CALL(SYS_fanotify_init, {4})},
	{"seccomp", "kcmp", reach, CALL(SYS_kcmp, {1, 1, 1})},
	{"seccomp", "move-pages", reach, CALL(SYS_move_pages, {1})},
	{"seccomp", "sysfs", reach, CALL(SYS_sysfs, {3})},
	{"seccomp", "personality", change_personality, NULL},
	{"seccomp", "int80", call_32bit, NULL},
	{"seccomp", "unshare-user", unshare_them, FLAGS(CLONE_NEWUSER)},
	{"seccomp", "unshare-mount", unshare_them, FLAGS(CLONE_NEWNS)},
	{"seccomp", "unshare-pid", unshare_them, FLAGS(CLONE_NEWPID)},
	{"seccomp", "unshare-net", unshare_them, FLAGS(CLONE_NEWNET)},
	{"seccomp", "unshare-uts", unshare_them, FLAGS(CLONE_NEWUTS)},
	{"seccomp", "unshare-ipc", unshare_them, FLAGS(CLONE_NEWIPC)},
	{"seccomp", "unshare-cgroup", unshare_them, FLAGS(CLONE_NEWCGROUP)},
	{"seccomp", "unshare-time", unshare_them, FLAGS(0x80 /* CLONE_NEWTIME */)},
	{"seccomp", "clone-user", clone_into, FLAGS(CLONE_NEWUSER)},
	{"seccomp", "clone-user-mount", clone_into, FLAGS(CLONE_NEWUSER | CLONE_NEWNS)},
	{"seccomp", "clone-mount", clone_into, FLAGS(CLONE_NEWNS)},
	{"seccomp", "clone-net", clone_into, FLAGS(CLONE_NEWNET)},
	{"seccomp", "clone-pid", clone_into, FLAGS(CLONE_NEWPID)},
	{"seccomp", "clone3-user", clone3_into, FLAGS(CLONE_NEWUSER)},
	{"seccomp", "vsock", open_socket, SOCK(AF_VSOCK, SOCK_STREAM, 0)},
	{"seccomp", "packet-socket", open_socket, SOCK(AF_PACKET, SOCK_RAW, 0)},
	{"seccomp", "raw-socket", open_socket, SOCK(AF_INET, SOCK_RAW, 1)},
	{"seccomp", "firewall-socket", open_socket, SOCK(AF_NETLINK, SOCK_RAW, 12)},
	{"seccomp", "other-sockets", other_families, NULL},
	{0},
};
