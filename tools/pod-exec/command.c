/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A first run and a run that joins take the same way in, through the init's namespaces; only who
 * started the init differs.  Order matters (KERNEL-NOTES 7 and 9): cgroup before anything can be
 * forked, the bounding set while CAP_SETPCAP is there,
 * Landlock after no_new_privs, death signal and dumpability after the last change of credentials,
 * seccomp at the very end.
 */
#include "tools/pod-exec/command.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/title.h"
#include "tools/pod-exec/apart.h"
#include "tools/pod-exec/beside.h"
#include "tools/pod-exec/caps.h"
#include "tools/pod-exec/env.h"
#include "tools/pod-exec/landlock.h"
#include "tools/pod-exec/note.h"
#include "tools/pod-exec/seccomp.h"
#include "tools/pod-exec/session.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

void command_finish(struct command *c)
{
	own_close(&c->fail);
	own_close(&c->alive);
	own_close(&c->notes);
	*c = (struct command)COMMAND_INIT;
}

static int enter_groups(const struct run *r, struct err *e)
{
	int s = cgroup_enter_v1(&r->cgroup);

	if (s < 0)
		return err_set(e, -s, "enter the pod's control groups");
	/* born outside them, the init's cgroup namespace has other roots */
	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_set(e, errno, "make a cgroup namespace");
	return 0;
}

static int enter_pod(const struct run *r, struct err *e)
{
	int flags = CLONE_NEWUTS | CLONE_NEWNET;
	int s = 0;

	if (!r->ask->apart)
		flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC;
	if (r->cgroup.nprocs > 0)
		s = enter_groups(r, e);
	else
		flags |= CLONE_NEWCGROUP;
	if (s < 0)
		return s;
	if (setns(r->init, flags) < 0)
		return err_set(e, errno, "enter the pod");
	return r->ask->apart ? apart_enter(r->init, e) : 0;
}

static int become_user(const struct user *u, struct err *e)
{
	uint64_t keep = caps_for(u->uid);
	int s = caps_bound(keep);

	if (s < 0)
		return err_set(e, -s, "drop capabilities");
	if (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return err_set(e, errno, "become user %s", esc(u->name));
	s = caps_set(keep);
	if (s < 0)
		return err_set(e, -s, "drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "set no_new_privs");
	return 0;
}

int command_bind(int alive, struct err *e)
{
	struct pollfd p = {.fd = alive};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "bind the command to its run");
	if (poll(&p, 1, 0) != 0) /* hung up: nobody is left to hear of it */
		_exit(POD_EXIT_BEFORE_RUN);
	return 0;
}

/*
 * Ignored signals stay ignored over clone3 and exec.  By the system call itself (rt_sigaction(2)):
 * libc keeps 32 and 33 to itself, and those, too, may come to us ignored.
 */
static void unignore(void)
{
	static const unsigned long
		ordinary[4]; /* the kernel's struct: SIG_DFL, no flags, no mask */

	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, ordinary, NULL, (size_t)8); /* not KILL and STOP */
}

/* What a process inherits and no wall covers. */
static int forget_caller(struct err *e)
{
	/*
	 * 1, not 0: a core_pattern that is a program gets its dump whatever the limit, as the
	 * host's root; 1 is the kernel's word for "not even that".  The filter keeps it so.
	 */
	const struct rlimit none = {1, 1};
	sigset_t empty;

	unignore();
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	umask(022);
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_set(e, errno, "forbid core files");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return err_set(e, errno, "leave the caller's keyring");
	return 0;
}

static int prepare(const struct run *r, int alive, struct err *e)
{
	int s = enter_pod(r, e);

	if (s == 0)
		s = become_user(&r->user, e);
	if (s == 0)
		s = landlock_confine(r->landlock_fs, r->host_net, e);
	if (s == 0)
		s = command_bind(alive, e);
	return s < 0 ? s : forget_caller(e);
}

static void stand_somewhere(const struct strv *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (chdir(dirs->v[i]) == 0)
			return;
}

/* A file without a #! line is a shell script, as for every execvp. */
static void exec_script(const char *path, char *const argv[], char *const env[])
{
	OWN_STRV struct strv sh = {0};

	strv_add(&sh, "/bin/sh");
	strv_add(&sh, path);
	for (argv++; *argv; argv++)
		strv_add(&sh, *argv);
	execve("/bin/sh", sh.v, env);
}

static void exec_path(const char *path, char *const argv[], char *const env[])
{
	execve(path, argv, env);
	if (errno == ENOEXEC)
		exec_script(path, argv, env);
}

/* Did the exec fail at the file, or was it never reached?  errno is kept. */
static bool is_there(const char *path, int why)
{
	bool there = why != ENOENT && why != ENOTDIR && (why != EACCES || access(path, F_OK) == 0);

	errno = why;
	return there;
}

static void exec_along_path(char *const argv[], const struct strv *env)
{
	const char *dirs = env_get(env, "PATH");
	int worst = ENOENT;

	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		OWN_FREE char *path = xfmt("%.*s/%s", n ? (int)n : 1, n ? dirs : ".", argv[0]);

		exec_path(path, argv, env->v);
		if (is_there(path, errno))
			worst = errno;
		dirs += n + (dirs[n] == ':');
	}
	errno = worst;
}

static void report(int fail, const struct err *e)
{
	write_full(fail, e, sizeof(*e));
	_exit(e->status ? e->status : POD_EXIT_BEFORE_RUN);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Closed for good, not at the exec: until then /proc/self/fd/N would lead out of the view by a
 * directory that the caller had left open, and the agent may have made the working directory or
 * the program a link to it (CVE-2024-21626).
 */
static int close_all_but(int *keep, size_t n)
{
	unsigned from = 3;

	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from &&
		    syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0) < 0)
			return -errno;
		from = (unsigned)keep[i] + 1;
	}
	return syscall(SYS_close_range, from, ~0U, 0) < 0 ? -errno : 0;
}

/* fail and bpf are close-on-exec; what the caller means the command to have is not. */
static int keep_some(const struct run *r, int fail, int bpf)
{
	int keep[] = {fail, bpf, r->keep, r->exec, r->listen >= 0 ? BESIDE_FD : -1};

	if (r->keep >= 0 && fcntl(r->keep, F_SETFD, 0) < 0)
		return -errno;
	return close_all_but(keep, sizeof(keep) / sizeof(keep[0]));
}

static void exec_command(const struct run *r, char *const argv[], const struct strv *env)
{
	if (r->exec >= 0)
		apart_exec(r->exec, argv, env->v);
	else if (strchr(argv[0], '/'))
		exec_path(argv[0], argv, env->v);
	else
		exec_along_path(argv, env);
}

void command_exec(const struct run *r, int fail)
{
	char *const *argv = r->ask->argv;
	struct strv env = r->env; /* ours: of a process that is about to become another program */
	struct err e = {0};
	int s, bpf = r->bpf;

	if (env_secrets(&env, r->secrets, &r->ask->env, &e) < 0)
		report(fail, &e);
	s = beside_place(r, &fail, &bpf, &env);
	if (s == 0)
		s = keep_some(r, fail, bpf);
	stand_somewhere(&r->dirs);
	if (s < 0)
		err_set(&e, -s, "close what the command must not inherit");
	else if (seccomp_load_fd(bpf, &e) == 0) {
		exec_command(r, argv, &env);
		err_status(&e, errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN, errno,
			   "run %s", esc(argv[0]));
	}
	report(fail, &e);
	_exit(POD_EXIT_BEFORE_RUN);
}

static void wire_streams(const struct streams *s)
{
	/* descriptors of ours lie above 2 unless they are already in place */
	for (int i = 0; i < 3; i++)
		if (s->fd[i] >= 0 && s->fd[i] != i)
			dup2(s->fd[i], i);
}

static void child(const struct run *r, const struct streams *s, int fail, int alive, int notes)
{
	struct err e = {0};

	title_set("envpod-exec");
	if (prepare(r, alive, &e) < 0)
		report(fail, &e);
	wire_streams(s);
	if (s->pty && session_start(s, notes, &e) < 0)
		report(fail, &e);
	if (!s->pty)
		setsid(); /* no way to the caller's terminal by /dev/tty */
	if (r->ask->apart && apart_start(r->init, &e) < 0)
		report(fail, &e);
	command_exec(r, fail);
}

static pid_t abandon(pid_t pid, struct err *e)
{
	int code = errno;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return err_set(e, code, "return to our own pid namespace");
}

/* clone3 puts children where pid_for_children says; ours go there for this one call. */
static pid_t clone_inside(const struct run *r, struct err *e)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid_t pid;

	if (r->ask->apart)
		args.flags |= CLONE_NEWPID | CLONE_NEWIPC;
	if (r->cgroup.v2 >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)r->cgroup.v2;
	}
	if (!r->ask->apart && setns(r->init, CLONE_NEWPID) < 0)
		return err_set(e, errno, "enter the pod's pid namespace");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		return 0;
	if (pid < 0)
		err_set(e, errno, "start the command in the pod%s",
			errno == EAGAIN   ? " (its limit of processes is reached)"
			: errno == ENOMEM ? " (its init has ended)"
					  : "");
	/* what we start from here on, another pod-audit say, belongs outside again */
	if (!r->ask->apart && setns(r->pidns, CLONE_NEWPID) < 0 && pid > 0)
		pid = abandon(pid, e);
	return pid;
}

int command_start(const struct run *r, const struct streams *s, struct command *c, struct err *e)
{
	int fail[2] = {-1, -1}, alive[2] = {-1, -1}, notes = -1, n = 0;

	if (pipe2(fail, O_CLOEXEC) < 0 || pipe2(alive, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	c->fail = fail[0];
	c->alive = alive[1];
	if (s->pty)
		n = note_pair(&c->notes, &notes);
	if (n < 0)
		return err_set(e, -n, "make a socket pair");
	c->pid = clone_inside(r, e);
	if (c->pid == 0) {
		close(alive[1]); /* else it would keep itself alive */
		close(r->runs);  /* our place among the pod's runs is not inherited */
		child(r, s, fail[1], alive[0], notes);
	}
	close(fail[1]);
	close(alive[0]);
	own_close(&notes);
	return c->pid < 0 ? -e->code : 0;
}
