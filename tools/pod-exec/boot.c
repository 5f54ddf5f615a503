/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/boot.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-exec/init.h"

#define MOUNTS_MS 50

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

void boot_finish(struct boot *b)
{
	own_close(&b->report);
	own_close(&b->lock);
	*b = (struct boot)BOOT_INIT;
}

/*
 * A new file for each init, so that a run of an earlier one that has not quite ended cannot be in
 * the way.  The pod's lock is ours here, and joiners look only under it.
 */
static int make_runs(struct run *r, struct boot *b, struct err *e)
{
	if (unlinkat(r->pod.run, "runs", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/runs", r->pod.runpath);
	r->runs = openat(r->pod.run, "runs", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			 0600);
	b->lock = openat(r->pod.run, "runs", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (r->runs < 0 || b->lock < 0 || flock(r->runs, LOCK_SH | LOCK_NB) < 0)
		return err_set(e, errno, "make %s/runs", r->pod.runpath);
	return 0;
}

static int start(struct run *r, int lock, int report, struct err *e)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_PIDFD,
		.pidfd = (uintptr_t)&r->init,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (r->home < 0) /* else it keeps the private one, and we go home */
		args.flags |= CLONE_NEWNS;
	if (r->cgroup.v2 >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)r->cgroup.v2;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		init_main(r, lock, report);
	if (pid < 0)
		return err_set(e, errno, "start the pod's init");
	r->init_pid = pid;
	return 0;
}

int boot_start(struct run *r, struct boot *b, struct err *e)
{
	int pipefd[2], s = make_runs(r, b, e);

	if (s < 0)
		return s;
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	s = start(r, b->lock, pipefd[1], e);
	close(pipefd[1]);
	b->report = pipefd[0];
	own_close(&b->lock);
	b->lock = -1;
	/*
	 * The init's pivot_root moves everybody who stands in its mount namespace: we go home
	 * before it, where RUN and STATE are the host's and no file of the agent's is in reach.
	 */
	if (s == 0 && r->home >= 0 && setns(r->home, CLONE_NEWNS) < 0)
		s = err_set(e, errno, "go back to the host's mount namespace");
	return s;
}

int boot_wait(struct run *r, struct boot *b, struct err *e)
{
	struct err told;
	int s = pod_init_set(&r->pod, r->init_pid, e);

	if (s < 0)
		return s;
	if (read_full(b->report, &told, sizeof(told)) != sizeof(told))
		return err_set(e, ERR_PLAIN, "the pod's init died while it was set up");
	if (told.code)
		*e = told;
	return -told.code;
}

static int boot_is_over(int lock)
{
	struct stat st;

	return fstat(lock, &st) == 0 && st.st_size > 0;
}

int boot_join(struct run *r, struct err *e)
{
	r->runs = openat(r->pod.run, "runs", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (r->runs < 0 && errno == ENOENT)
		return 1;
	if (r->runs < 0)
		return err_set(e, errno, "open %s/runs", r->pod.runpath);
	if (flock(r->runs, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 1 : err_set(e, errno, "lock %s/runs", r->pod.runpath);
	return boot_is_over(r->runs);
}

/* Whoever looks after the init has gone finds it still said. */
void boot_mark(int lock)
{
	if (pwrite(lock, "ended\n", 6, 0) < 0)
		return; /* no room: who joins now finds no init and says so */
}

/* Independent of the flock: this kind of lock is of a range of bytes, that one of the file. */
int boot_hold(int lock)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(lock, F_OFD_SETLK, &all) < 0 ? -errno : 0;
}

bool boot_wait_gone(const struct run *r, int ms)
{
	struct pollfd p = {.fd = r->init, .events = POLLIN};

	if (r->init >= 0 && poll(&p, 1, ms) == 0)
		return false;
	waitid(P_PIDFD, (id_t)r->init, NULL, WEXITED | WNOHANG); /* ours, if we started it */
	return true;
}

bool boot_leave(struct run *r)
{
	bool last;

	if (r->init < 0 || r->runs < 0)
		return false;
	/*
	 * Others may come and go between the two steps of a lock's conversion.  Whoever has it
	 * exclusively then, the init or another run, is ending the pod.
	 */
	last = flock(r->runs, LOCK_EX | LOCK_NB) == 0;
	if (last)
		syscall(SYS_pidfd_send_signal, r->init, BOOT_SIGNAL_END, NULL, 0);
	if (last || flock(r->runs, LOCK_SH | LOCK_NB) < 0 || boot_is_over(r->runs))
		return true;
	own_close(&r->runs);
	r->runs = -1;
	return false;
}

static void interrupt(int sig)
{
	(void)sig;
}

/* The init lets go of its second lock with its descriptors, before the kernel takes mounts down. */
static void wait_let_go(int lock)
{
	const struct sigaction sa = {.sa_handler = interrupt};
	struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	sigaction(SIGALRM, &sa, NULL);
	alarm(BOOT_PATIENCE_MS / 1000);
	fcntl(lock, F_OFD_SETLKW, &all);
	alarm(0);
}

void boot_wait_end(struct run *r)
{
	wait_let_go(r->runs);
	boot_wait_gone(r, boot_is_over(r->runs) ? MOUNTS_MS : BOOT_PATIENCE_MS);
	own_close(&r->runs);
	r->runs = -1;
}
