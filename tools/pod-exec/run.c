/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_device.h"
#include "libcommon/clock.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"
#include "tools/pod-exec/apart.h"
#include "tools/pod-exec/beside.h"
#include "tools/pod-exec/boot.h"
#include "tools/pod-exec/env.h"
#include "tools/pod-exec/given.h"
#include "tools/pod-exec/policy.h"
#include "tools/pod-exec/relay.h"
#include "tools/pod-exec/report.h"

void run_init(struct run *r, const struct ask *ask)
{
	*r = (struct run){
		.ask = ask,
		.pod = POD_INIT,
		.view = -1,
		.home = -1,
		.pidns = -1,
		.userns = -1,
		.netns = -1,
		.bpf = -1,
		.runs = -1,
		.init = -1,
		.secrets = -1,
		.keep = -1,
		.listen = -1,
		.exec = -1,
		.cgroup = CGROUP_INIT,
	};
}

void run_finish(struct run *r)
{
	const int *fds[] = {&r->view, &r->home, &r->pidns, &r->userns, &r->netns,
			    &r->bpf,  &r->runs, &r->init,  &r->secrets};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		own_close(fds[i]);
	cgroup_finish(&r->cgroup);
	pod_finish(&r->pod);
	plan_finish(&r->plan);
	needs_finish(&r->needs);
	strv_finish(&r->env);
	strv_finish(&r->without);
	strv_finish(&r->dirs);
}

/* A descriptor that pod-mount named in the environment; -1 when there is none. */
static int passed_fd(const char *name)
{
	const char *text = secure_getenv(name);
	uint64_t fd;

	if (!text || unit_u64(text, INT32_MAX, &fd) < 0)
		return -1;
	return fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : (int)fd;
}

/* Our working directory: the root of a mount that is not the host's own root. */
static int open_own_view(struct run *r, struct err *e)
{
	struct statx here = {0}, root = {0};

	r->view = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->view < 0 || statx(r->view, "", AT_EMPTY_PATH, STATX_INO, &here) < 0 ||
	    statx(AT_FDCWD, "/", 0, STATX_INO, &root) < 0)
		return err_set(e, errno, "open the view's root");
	if ((here.stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	    (here.stx_ino != root.stx_ino || here.stx_dev_minor != root.stx_dev_minor ||
	     here.stx_dev_major != root.stx_dev_major))
		return 0;
	return err_set(e, ERR_PLAIN,
		       "the working directory is no view; run it as: pod-mount enter %s "
		       "-- pod-exec %s -- COMMAND",
		       r->pod.name, r->pod.name);
}

/* Where the view's root is: under our feet, or, when joining, under the init's. */
static int open_view(struct run *r, struct err *e)
{
	OWN_FREE char *path = NULL;

	if (!r->join)
		return open_own_view(r, e);
	path = xfmt("/proc/%d/root", (int)r->init_pid);
	r->view = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* An init without a root is ending: it waits for the pod's dead to be reaped. */
	if (r->view < 0 && errno == ENOENT)
		return 1;
	return r->view < 0 ? err_set(e, errno, "open the view's root at %s", path) : 0;
}

static int find_user(struct run *r, struct err *e)
{
	const char *name = r->ask->root ? "root" : r->ask->user;

	if (!name && r->ask->beside)
		name = plan_str(&r->plan, "desktop.user", NULL);
	if (!name)
		name = plan_str(&r->plan, "run.user", plan_str(&r->plan, "user.name", "root"));
	return user_resolve(&r->user, &r->plan, name, r->view, e);
}

/* The caller's directory if the pod can see it, else the user's home, else the root. */
static void find_dirs(struct run *r)
{
	const char *track = secure_getenv("ENVPOD_TRACK");
	const char *cwd = r->ask->cwd ? r->ask->cwd : track;

	const char *workspace = plan_str(&r->plan, "workspace", NULL);

	if (!cwd)
		cwd = plan_str(&r->plan, "cwd", NULL);
	if (workspace && !track)
		strv_add(&r->dirs, workspace);
	if (cwd && *cwd == '/')
		strv_add(&r->dirs, cwd);
	strv_add(&r->dirs, r->user.home);
	strv_add(&r->dirs, "/");
}

static int open_filter(struct run *r, struct err *e)
{
	r->bpf = openat(r->pod.dir, "seccomp.bpf", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->bpf >= 0)
		return 0;
	return err_set(e, errno, "open %s/seccomp.bpf (pod-exec --compile %s makes it)",
		       r->pod.path, r->pod.name);
}

/* Who joins takes the init's namespaces. */
static int open_namespaces(struct run *r, struct err *e)
{
	uid_t uid = (uid_t)plan_u64(&r->plan, "identity.uid", 0);
	gid_t gid = (gid_t)plan_u64(&r->plan, "identity.gid", 0);

	r->userns = pod_userns(&r->pod, r->base, uid, gid, e);
	if (r->userns < 0)
		return r->userns;
	if (!r->host_net)
		r->netns = netns_make(&r->pod, r->home, e);
	return r->host_net || r->netns >= 0 ? 0 : r->netns;
}

static int open_walls(struct run *r, struct err *e)
{
	int s = open_filter(r, e);

	if (s < 0)
		return s;
	r->landlock_fs = !plan_is(&r->plan, "seccomp", "browser");
	r->base = (uid_t)plan_u64(&r->plan, "base", 524288);
	r->pidns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (r->pidns < 0)
		return err_set(e, errno, "open /proc/self/ns/pid");
	s = r->join ? 0 : open_namespaces(r, e);
	if (s == 0)
		s = beside_guards(r->ask)
			    ? cgroup_open_guardian(&r->cgroup, r->pod.name, &r->plan, e)
			    : cgroup_open(&r->cgroup, r->pod.name, &r->plan, e);
	/* A kernel that cannot leaves it to the first layer, as with Landlock. */
	if (s == 0 && (!r->join || beside_guards(r->ask)) && r->cgroup.v2 >= 0)
		cgroup_devices(r->cgroup.v2, &r->needs);
	return s;
}

/* What stands beside the runs is none: it must not keep the pod alive.  Whether it came too late it
 * hears from the kernel, by then. */
static int join_init(struct run *r, struct err *e)
{
	int s = boot_join(r, e);

	if (r->ask->beside) {
		own_close(&r->runs);
		r->runs = -1;
	}
	return s;
}

/* 1: there was an init, but it is just ending. */
static int find_init(struct run *r, struct err *e)
{
	const char *join = secure_getenv("ENVPOD_JOIN");
	OWN_FD int passed = passed_fd("ENVPOD_LOCK_FD"); /* pod_lock() has a copy of its own */
	int s = pod_lock(&r->pod, 10000, e);

	if (s < 0)
		return s;
	r->init_pid = pod_init_pid(&r->pod, &r->init, e);
	if (r->init_pid < 0)
		return r->init_pid;
	r->join = r->ask->probe || (join && strcmp(join, "1") == 0);
	if (r->join)
		return r->init_pid > 0 ? join_init(r, e) : 1;
	if (r->init_pid > 0)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "pod %s runs already, as process %d (envpod stop %s ends it)",
				  r->pod.name, (int)r->init_pid, r->pod.name);
	return 0;
}

/* The mount namespace pod-mount came from.  Only another one than ours is a way home. */
static int find_home(void)
{
	OWN_FD int fd = passed_fd("ENVPOD_MNT_FD");
	struct stat home, here;

	if (fd < 0 || fstat(fd, &home) < 0 || stat("/proc/self/ns/mnt", &here) < 0)
		return -1;
	return home.st_ino == here.st_ino ? -1 : take_fd(&fd);
}

int run_open(struct run *r, struct err *e)
{
	OWN_STRV struct strv given = {0};
	int s;

	r->home = find_home();
	r->secrets = passed_fd("ENVPOD_SECRETS_FD");
	s = apart_files(r, e);
	if (s == 0)
		s = beside_socket(r, e);
	if (s == 0)
		s = pod_open(&r->pod, r->ask->pod, e);
	if (s == 0)
		s = plan_open(&r->plan, &r->pod, e);
	if (s == 0)
		s = policy_check(r, e);
	if (s == 0)
		s = find_init(r, e);
	if (s != 0)
		return s;
	s = open_view(r, e);
	if (s == 0)
		s = find_user(r, e);
	if (s != 0)
		return s;
	s = given_env(&given, &r->pod, r->view, e);
	if (s == 0)
		s = needs_load(&r->needs, &r->pod, e);
	if (s < 0)
		return s;
	for (size_t i = 0; i < r->needs.env.n; i++)
		strv_add(&given, r->needs.env.v[i]);
	own_close(
		&r->view); /* whoever lets go of it last takes the view down, and that is not us */
	r->view = -1;
	find_dirs(r);
	s = env_build(&r->env, &r->plan, &r->user, &given, &r->ask->env, e);
	return s < 0 ? s : open_walls(r, e);
}

static void add_enter_words(struct strv *argv, const struct run *r)
{
	const char *track = secure_getenv("ENVPOD_TRACK");

	strv_add(argv, "pod-mount");
	strv_add(argv, "enter");
	strv_add(argv, track ? "-w" : "--no-cwd");
	if (track)
		strv_add(argv, track);
	if (r->ask->unsafe)
		strv_add(argv, "--unsafe");
	strv_add(argv, r->pod.name);
	strv_add(argv, "--");
	strv_add(argv, "pod-exec");
}

/* Those that were given to us by their numbers: who comes after us finds them there. */
static void pass_fds(const struct run *r)
{
	/* of the secrets, where they were taken already, the next one fails */
	const int fds[] = {r->secrets, r->keep, r->exec};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			fcntl(fds[i], F_SETFD, 0);
}

/*
 * The pod we were to join has ended in between.  Wait until nothing of it is left, then begin
 * anew with a view of our own.
 */
static int start_again(struct run *r, struct err *e)
{
	OWN_STRV struct strv argv = {0};

	if (r->ask->probe)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN, "nothing runs in pod %s",
				  r->pod.name);
	if (!boot_wait_gone(r, BOOT_PATIENCE_MS))
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "pod %s is ending, but does not end (envpod kill %s ends it)",
				  r->pod.name, r->pod.name);
	unsetenv("ENVPOD_JOIN");
	unsetenv("ENVPOD_LOCK_FD");
	pass_fds(r);
	if (r->pod.lock >= 0 && pod_lock_pass(&r->pod, e) < 0)
		return -e->code;
	add_enter_words(&argv, r);
	for (char **word = r->ask->self + 1; *word; word++)
		strv_add(&argv, *word);
	return spawn_exec(argv.v, e);
}

/* Failed because the pod was ended under our hands, by a kill say, before the command ran? */
static bool came_too_late(const struct run *r, bool started, const struct err *e)
{
	return r->join && !started && e->status < POD_EXIT_BEFORE_RUN && boot_wait_gone(r, 100);
}

/* The pod stands and our place in it is taken: others may come. */
static void release_lock(struct run *r)
{
	pod_unlock(&r->pod);
}

/* While the init builds the pod, the run goes on record. */
static int enter(struct run *r, const struct relay *y, struct err *e)
{
	OWN(boot_finish) struct boot b = BOOT_INIT;
	int s = r->join ? 0 : boot_start(r, &b, e);

	if (s < 0)
		return s;
	s = report_run_start(r, y->streams.pty, e);
	if (s == 0 && !r->join)
		s = boot_wait(r, &b, e);
	if (s == 0)
		release_lock(r);
	return s;
}

static void started(void *arg, pid_t pid)
{
	report_started(arg, pid);
}

static int run_command(struct run *r, struct relay *y, struct err *e)
{
	OWN(command_finish) struct command c = COMMAND_INIT;
	int s = command_start(r, &y->streams, &c, e);

	if (s < 0)
		return s;
	own_close(&r->secrets);
	r->secrets = -1;
	record_sync(r->pod.name); /* while the command is on its way */
	relay_run(y, &c);
	if (y->failed.code)
		*e = y->failed;
	return -y->failed.code;
}

/* The record of the end is written while the kernel takes the pod apart. */
static int do_run(struct run *r, struct relay *y, struct err *e)
{
	bool ending;
	int64_t begin = clock_ms();
	struct err later = {0};
	int s = enter(r, y, e);

	if (s < 0 && boot_leave(r))
		boot_wait_end(r);
	if (s < 0)
		return s;
	y->on_start = started;
	y->arg = (void *)r->ask;
	s = run_command(r, y, e);
	if (s < 0)
		y->status = (e->status >= POD_EXIT_CANNOT_RUN ? e->status : POD_EXIT_BEFORE_RUN)
			    << 8;
	ending = boot_leave(r);
	if (report_run_end(r, y->status, clock_ms() - begin, &later) < 0)
		say_warn("%s", later.msg);
	if (ending)
		boot_wait_end(r);
	return s;
}

static int fail(const struct ask *ask, const struct err *e)
{
	int status = POD_EXIT_BEFORE_RUN;

	if (e->status == POD_EXIT_USAGE || e->status >= POD_EXIT_CANNOT_RUN)
		status = e->status;
	say_err(e);
	report_failed(ask, status, e);
	return status;
}

static int exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? POD_EXIT_SIGNAL + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

/* The walls are there: run.  *status is the command's, unless it was never started. */
static int run_inside(struct run *r, int *status, struct err *e)
{
	struct relay y;
	int s = relay_init(&y, r->ask->apart ? "never" : r->ask->tty, e);

	if (s == 0)
		s = do_run(r, &y, e);
	*status = exit_status(y.status);
	relay_finish(&y);
	return s < 0 && came_too_late(r, y.started, e) ? 1 : s;
}

int run_main(const struct ask *ask)
{
	OWN(run_finish) struct run r;
	struct err e = {0};
	int s, status = 0;

	run_init(&r, ask);
	s = report_open(ask, &e);
	if (s == 0)
		s = run_open(&r, &e);
	if (s < 0 && came_too_late(&r, false, &e))
		s = 1;
	if (s == 0)
		s = run_inside(&r, &status, &e);
	if (s == 1)
		s = start_again(&r, &e);
	if (s < 0)
		return fail(ask, &e);
	report_exit(ask, status);
	return status;
}
