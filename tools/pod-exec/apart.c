/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/apart.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/title.h"
#include "tools/pod-exec/root.h"

/* A file of memory that nobody can change any more, however he comes by it. */
static bool is_sealed(int fd)
{
	int want = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & want) == want;
}

/*
 * Nothing but a regular file may come along: a directory would lead out of the view, a socket to
 * whoever holds its other end.  Among the pod's own processes a program's file is in their sight.
 */
static int check_file(uint64_t fd, const char *option, bool sealed, int *to, const struct ask *ask,
		      struct err *e)
{
	struct stat st;

	if (fd == UINT64_MAX)
		return 0;
	if (!ask->apart && !(sealed && fd <= INT32_MAX && is_sealed((int)fd)))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s needs --apart%s", option,
				  sealed ? ", or a sealed file of memory" : "");
	if (fd < 3 || fd > INT32_MAX || fstat((int)fd, &st) < 0 ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_status(e, POD_EXIT_USAGE, EBADF, "%s %llu", option,
				  (unsigned long long)fd);
	if (!S_ISREG(st.st_mode) || (fcntl((int)fd, F_GETFL) & O_PATH))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s %llu: no regular file", option,
				  (unsigned long long)fd);
	*to = (int)fd;
	return 0;
}

int apart_files(struct run *r, struct err *e)
{
	int s = check_file(r->ask->keep_fd, "--keep-fd", false, &r->keep, r->ask, e);

	return s < 0 ? s : check_file(r->ask->exec_fd, "--exec-fd", true, &r->exec, r->ask, e);
}

/* A copy of the init's mount namespace, where what we mount is nobody else's; as long as we may. */
int apart_enter(int init, struct err *e)
{
	int r;

	if (setns(init, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "take the pod's view");
	r = root_apart(e);
	if (r == 0 && setns(init, CLONE_NEWUSER) < 0)
		r = err_set(e, errno, "enter the pod's user namespace");
	return r;
}

static void exit_as(int status)
{
	_exit(WIFSIGNALED(status) ? POD_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Whoever is left to a pid 1 is reaped; the command's end is ours. */
static void reap(pid_t command)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			exit_as(status);
}

static void take_signal(int signals, pid_t command)
{
	struct signalfd_siginfo si;

	if (read(signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD)
		reap(command);
	else
		kill(command, (int)si.ssi_signo);
}

/* Our death signal (command_bind()) is the outer process's; the init has no other way to us. */
static void __attribute__((noreturn)) lead(int init, int signals, pid_t command)
{
	struct pollfd p[2] = {{.fd = signals, .events = POLLIN}, {.fd = init, .events = POLLIN}};

	for (;;) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents)
			_exit(POD_EXIT_BEFORE_RUN);
		if (p[0].revents)
			take_signal(signals, command);
	}
}

/* The init (3) and the signals (4), and nothing of the caller's. */
static int keep_only(int init, int signals)
{
	int high_init = fcntl(init, F_DUPFD_CLOEXEC, 10);
	int high_signals = fcntl(signals, F_DUPFD_CLOEXEC, 10);

	if (dup2(high_init, 3) < 0 || dup2(high_signals, 4) < 0)
		return -errno;
	close(0);
	close(1);
	close(2);
	return syscall(SYS_close_range, 5, ~0U, 0) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) be_leader(int init, const sigset_t *all, pid_t command)
{
	title_set("envpod-apart");
	if (keep_only(init, signalfd(-1, all, SFD_CLOEXEC)) == 0)
		lead(3, 4, command);
	_exit(POD_EXIT_BEFORE_RUN); /* the command dies with us */
}

int apart_start(int init, struct err *e)
{
	sigset_t all, before;
	pid_t command;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	command = fork();
	if (command < 0)
		return err_set(e, errno, "start the command apart");
	if (command > 0)
		be_leader(init, &all, command);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return 0;
}

/* ENOEXEC: a file without a #! line is a shell script, as everywhere. */
static void exec_script(int fd, char *const argv[], char *const env[])
{
	OWN_STRV struct strv sh = {0};

	strv_add(&sh, "/bin/sh");
	strv_fmt(&sh, "/dev/fd/%d", fd);
	for (argv++; *argv; argv++)
		strv_add(&sh, *argv);
	execve("/bin/sh", sh.v, env);
}

void apart_exec(int fd, char *const argv[], char *const env[])
{
	char head[2] = "";
	bool script = pread(fd, head, 2, 0) == 2 && memcmp(head, "#!", 2) == 0;

	/* an interpreter opens it anew, and must find it there */
	if (script && fcntl(fd, F_SETFD, 0) < 0)
		return;
	execveat(fd, "", argv, env, AT_EMPTY_PATH);
	if (errno != ENOEXEC || fcntl(fd, F_SETFD, 0) < 0)
		return;
	exec_script(fd, argv, env);
}
