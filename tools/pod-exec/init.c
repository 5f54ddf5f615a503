/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once it stands, the init holds its lock, the files that show limits, one capability, and a filter
 * of a handful of system calls.  It never executes anything, so its memory belongs to the host's
 * user namespace and nobody inside may look into it.  Orphans are reaped by the kernel: SIGCHLD is
 * ignored.
 */
#include "tools/pod-exec/init.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/title.h"
#include "tools/pod-exec/boot.h"
#include "tools/pod-exec/caps.h"
#include "tools/pod-exec/root.h"
#include "tools/pod-exec/shown.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "the init's own seccomp filter does not know this machine"
#endif

/* for signal handlers */
static struct shown shown;
static int runs; /* the lock */

/*
 * Everybody else dies first, so that the mark tells the truth and what follows is the kernel's work
 * alone.  A zombie counts until its parent outside has reaped it.
 */
static void __attribute__((noreturn)) end_pod(int sig)
{
	const struct timespec pause = {.tv_nsec = 200000};

	(void)sig;
	while (kill(-1, SIGKILL) == 0)
		nanosleep(&pause, NULL);
	boot_mark(runs);
	_exit(0);
}

/* Everybody of the pod hears what was said to its init; SIGKILL needs no help. */
static void pass_on(int sig)
{
	int saved = errno;

	kill(-1, sig);
	errno = saved;
}

static void refresh(int sig)
{
	(void)sig;
	shown_refresh(&shown);
}

static int start_refreshing(void)
{
	const struct itimerval second = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct sigaction sa = {.sa_handler = refresh};

	if (!shown_any(&shown))
		return 0;
	sigaction(SIGALRM, &sa, NULL);
	return setitimer(ITIMER_REAL, &second, NULL) < 0 ? -errno : 0;
}

static int set_signals(void)
{
	static const int passed[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	struct sigaction sa = {.sa_handler = SIG_IGN};
	sigset_t none;

	sigaction(SIGCHLD, &sa, NULL);
	sa.sa_handler = end_pod;
	sigaction(BOOT_SIGNAL_END, &sa, NULL);
	sa.sa_handler = pass_on;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaction(passed[i], &sa, NULL);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int lock_down(void)
{
#define ALLOW(call)                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(flock),
		ALLOW(kill),
		ALLOW(nanosleep),
		ALLOW(clock_nanosleep),
		ALLOW(rt_sigreturn),
		ALLOW(restart_syscall),
		ALLOW(pread64),
		ALLOW(pwrite64),
		ALLOW(ftruncate),
		ALLOW(write),
		ALLOW(close),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
#undef ALLOW
	struct sock_fprog prog = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}

/* 0, 1, 2 become the pod's /dev/null, the n descriptors 3 and up; nothing else stays open. */
static int keep_only(int null, int *const keep[], int n)
{
	for (int i = 0; i < n; i++) {
		*keep[i] = *keep[i] < 0 ? -1 : fcntl(*keep[i], F_DUPFD_CLOEXEC, 3 + n);
		if (*keep[i] < 0 && errno == EMFILE)
			return -errno;
	}
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	for (int i = 0; i < n; i++) {
		close(3 + i);
		if (*keep[i] >= 0)
			*keep[i] = dup2(*keep[i], 3 + i);
	}
	return syscall(SYS_close_range, 3 + n, ~0U, 0) < 0 ? -errno : 0;
}

static int keep_ours(int null, int *lock, int *report)
{
	int *keep[3 + 2 * SHOWN_FILES] = {lock, report, &shown.usage};
	int n = 3;

	for (int i = 0; i < SHOWN_FILES; i++) {
		keep[n++] = &shown.from[i];
		keep[n++] = &shown.to[i];
	}
	return keep_only(null, keep, n);
}

/* Pod root, with nothing but the power to signal whoever lives in the pod. */
static int become_pod_root(int userns, struct err *e)
{
	int r;

	if (setns(userns, CLONE_NEWUSER) < 0)
		return err_set(e, errno, "enter the pod's user namespace");
	r = caps_bound(0);
	if (r < 0)
		return err_set(e, -r, "drop capabilities of the pod's init");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_set(e, errno, "become the pod's root");
	r = caps_set(caps_for_init());
	if (r < 0)
		return err_set(e, -r, "drop capabilities of the pod's init");
	/* a change of credentials has put fs.suid_dumpable here */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "hide the pod's init from it");
	return 0;
}

static int set_up(const struct run *r, struct root *root, struct err *e)
{
	int s;

	/* a mount namespace of our own (boot.c): nothing of what follows may reach the host's */
	if (r->home < 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make the mount namespace private");
	if (r->netns >= 0 && setns(r->netns, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the pod's network namespace");
	if (sethostname(r->pod.name, strlen(r->pod.name)) < 0)
		return err_set(e, errno, "set the pod's host name");
	s = root_build(root, e);
	if (s == 0)
		s = root_enter(e);
	return s < 0 ? s : become_pod_root(r->userns, e);
}

static int settle(const struct run *r, int *lock, int *report, struct err *e)
{
	struct root root = {
		.plan = &r->plan, .base = r->base, .shown = &shown, .needs = &r->needs, .null = -1};
	int s;

	/* Out of the session of the run that begins the pod: the end of its terminal, or ^C there,
	 * is not said to all who have joined since. */
	if (setsid() < 0)
		return err_set(e, errno, "leave the session of the first run");
	shown_init(&shown, &r->plan, &r->cgroup);
	s = boot_hold(*lock);
	if (s < 0)
		return err_set(e, -s, "lock %s/runs", r->pod.runpath);
	close(r->runs); /* the outer process's: as long as ours is open, that run would count */
	s = set_up(r, &root, e);
	if (s < 0)
		return s;
	s = keep_ours(root.null, lock, report);
	runs = *lock;
	if (s == 0)
		s = set_signals();
	if (s == 0)
		s = start_refreshing();
	if (s < 0)
		return err_set(e, -s, "settle the pod's init");
	title_set("envpod-init");
	s = lock_down();
	return s < 0 ? err_set(e, -s, "put the pod's init behind seccomp") : 0;
}

void init_main(const struct run *r, int lock, int report)
{
	struct err e = {0};
	int s = settle(r, &lock, &report, &e);

	write_full(report, &e, sizeof(e));
	close(report);
	while (s == 0 && flock(lock, LOCK_EX) < 0)
		; /* EINTR: a signal was passed on */
	if (s == 0)
		end_pod(0);
	_exit(0);
}
