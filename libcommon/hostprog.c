/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program is process 2 of a pid namespace whose first process waits for it: when that one ends,
 * by itself or by us, the kernel ends whatever else is there, however it has hidden.
 */
#include "libcommon/hostprog.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

static int refuse(struct err *e, const char *what, const char *path, const char *why)
{
	err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s %s: %s", what, esc(path), why);
	e->code = EPERM;
	return -EPERM;
}

static const char *fault(const struct stat *st, bool is_program)
{
	if (S_ISLNK(st->st_mode))
		return "a symlink is on its way; give the path it leads to";
	if (st->st_uid != 0)
		return "it, or a directory above it, is not root's";
	if (st->st_mode & 022)
		return "others than root may write to it, or to a directory above it";
	if (is_program && !S_ISREG(st->st_mode))
		return "it is no file";
	if (is_program && !(st->st_mode & 0111))
		return "it cannot be executed";
	return NULL;
}

/* Each component from the root on, none of them a symlink. */
int hostprog_check(const char *what, const char *path, struct err *e)
{
	OWN_FREE char *clean = path_clean("/", path), *at = xstrdup(clean);
	struct stat st;
	const char *why;

	if (path[0] != '/' || strcmp(clean, path) != 0)
		return refuse(e, what, path, "it is no plain absolute path");
	for (size_t i = 0; i <= strlen(clean); i++) {
		bool whole = clean[i] == '\0';

		if (clean[i] != '/' && !whole)
			continue;
		at[i ? i : 1] = '\0';
		if (lstat(at, &st) < 0)
			return refuse(e, what, path, strerror(errno));
		why = fault(&st, whole);
		if (why)
			return refuse(e, what, path, why);
		memcpy(at, clean, strlen(clean) + 1);
	}
	return 0;
}

/* --- running it --- */

struct owner {
	uid_t uid;
	gid_t gid;
	char *environment[6];
};

static void become(const struct owner *o)
{
	if (setgroups(0, NULL) < 0 || setresgid(o->gid, o->gid, o->gid) < 0 ||
	    setresuid(o->uid, o->uid, o->uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(POD_EXIT_BEFORE_RUN);
}

/* The program itself. */
static void run(const struct strv *argv, const struct owner *o, int in)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(in, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    syscall(SYS_close_range, 3, ~0u, 0) < 0 || chdir("/") < 0)
		_exit(POD_EXIT_BEFORE_RUN);
	umask(077);
	setsid();
	become(o);
	execve(argv->v[0], argv->v, o->environment);
	_exit(errno == ENOENT ? 127 : 126);
}

/* The first process of the namespace: passes on how it ended. */
static void keep(const struct strv *argv, const struct owner *o, int in)
{
	pid_t program, pid;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	program = fork();
	if (program == 0)
		run(argv, o, in);
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == program)
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	_exit(POD_EXIT_BEFORE_RUN);
}

static int wait_for(pid_t first, const char *what, uint64_t timeout_s, struct err *e)
{
	OWN_FD int pidfd = (int)syscall(SYS_pidfd_open, first, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int status, n = pidfd < 0 ? -1 : poll(&ended, 1, (int)timeout_s * 1000);

	if (n <= 0)
		kill(first, SIGKILL);
	if (waitpid(first, &status, 0) < 0)
		return err_set(e, errno, "wait for the %s", what);
	if (n <= 0)
		return HOSTPROG_LATE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A file, not a pipe: a program that does not read it must not hold us up. */
static int give(const struct buf *in, const char *what, struct err *e)
{
	OWN_FD int fd = memfd_create("event", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write_full(fd, in->data, in->len) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		return err_set(e, errno, "hand the %s its input", what);
	return take_fd(&fd);
}

static int start(const struct hostprog *p, const struct owner *o, int in, struct err *e)
{
	pid_t first = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);

	if (first < 0)
		return err_set(e, errno, "make a pid namespace for the %s", p->what);
	if (first == 0)
		keep(p->argv, o, in);
	return wait_for(first, p->what, p->timeout_s, e);
}

int hostprog_run(const struct hostprog *p, const struct plan *plan, const struct buf *in,
		 struct err *e)
{
	const char *name = plan_str(plan, "user.name", "root"),
		   *home = plan_str(plan, "user.home", "/");
	OWN_FREE char *v_home = xfmt("HOME=%s", home), *v_user = xfmt("USER=%s", name),
		      *v_log = xfmt("LOGNAME=%s", name);
	struct owner o = {
		.uid = (uid_t)plan_u64(plan, "user.uid", UINT32_MAX),
		.gid = (gid_t)plan_u64(plan, "user.gid", UINT32_MAX),
		.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				v_home, v_user, v_log, "LANG=C.UTF-8", NULL}};
	OWN_FD int fd = -1;
	int r = hostprog_check(p->what, p->argv->v[0], e);

	if (r == 0 && (o.uid == UINT32_MAX || o.gid == UINT32_MAX))
		return err_set(e, ERR_PLAIN, "run the %s: the plan names no owner", p->what);
	fd = r < 0 ? r : give(in, p->what, e);
	return fd < 0 ? fd : start(p, &o, fd, e);
}
