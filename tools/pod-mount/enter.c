/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first half of a run: lock, turn-over, mask, view; then the command takes our place.  All of
 * it happens in the initial user namespace; no program of the view is executed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/lacking.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/live.h"
#include "tools/pod-mount/maskmake.h"
#include "tools/pod-mount/mirror.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/needs.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/private.h"
#include "tools/pod-mount/provenance.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/source.h"
#include "tools/pod-mount/trust.h"
#include "tools/pod-mount/view.h"

#define LOCK_WAIT_MS 10000

struct enter {
	const char *workdir; /* as given by -w */
	bool no_cwd, unsafe, setup;
	uint64_t status_fd;

	char *const *argv;                  /* POD COMMAND... */
	char *command;                      /* absolute path of what to become */
	int (*tool)(int argc, char **argv); /* or one that is linked into this program */
	char *dir;                          /* workdir, resolved: absolute, without symlinks */
	struct pod pod;
	struct plan plan;
	struct stack stack;
	struct strv tracked;
	struct mounts host;
	struct mask mask;
	struct covers covers;
	int userns;
};

static void enter_finish(struct enter *n)
{
	free(n->dir);
	free(n->command);
	plan_finish(&n->plan);
	stack_finish(&n->stack);
	strv_finish(&n->tracked);
	mounts_finish(&n->host);
	mask_finish(&n->mask);
	covers_finish(&n->covers);
	own_close(&n->userns);
	pod_finish(&n->pod);
}

/* Links of the person's are followed; one that an agent left is not. */
static int resolve_dir(struct enter *n, const char *dir, struct err *e)
{
	OWN_MOUNTS struct mounts host = {0};
	OWN_FREE char *real = realpath(dir, NULL);
	OWN_FD int fd = -1;
	int r;

	if (!real)
		return err_set(e, errno, "use %s as working directory", esc(dir));
	if (strcmp(real, dir) != 0) {
		r = mounts_read(&host, e);
		if (r == 0)
			r = fd = source_find(&host, dir, e);
		if (r < 0)
			return r;
		free(take_ptr(real));
		real = path_of(fd);
	}
	n->dir = take_ptr(real);
	return n->dir ? 0 : err_set(e, ENOENT, "use %s as working directory", esc(dir));
}

/* -w, else what the pod file's mount_cwd captured, unless that is not wanted. */
static int find_dir(struct enter *n, struct err *e)
{
	const char *dir = n->workdir  ? n->workdir
			  : n->no_cwd ? NULL
				      : plan_str(&n->plan, "cwd", NULL);

	if (!dir)
		return 0;
	if (dir[0] != '/')
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "-w wants an absolute path, not %s",
				  esc(dir));
	return resolve_dir(n, dir, e);
}

static int track(struct enter *n, struct err *e)
{
	int r = tracked_load(&n->tracked, &n->pod, e);

	if (r == 0 && n->dir && !strv_has(&n->tracked, n->dir))
		strv_add(&n->tracked, n->dir);
	return r;
}

/* Once it is known that the pod may see it; before anything can be changed in it. */
static int remember(const struct enter *n, struct err *e)
{
	return n->dir ? tracked_add(&n->pod, n->dir, e) : 0;
}

/* --no-cwd: the captured directory may be among those of earlier runs. */
static void forget_captured(struct enter *n)
{
	const char *captured = n->no_cwd ? plan_str(&n->plan, "cwd", NULL) : NULL;
	struct strv kept = {0};

	for (size_t i = 0; i < n->tracked.n; i++)
		if (!captured || strcmp(n->tracked.v[i], captured) != 0)
			strv_add(&kept, n->tracked.v[i]);
	strv_finish(&n->tracked);
	n->tracked = kept;
}

/* type: ephemeral: what earlier runs left is gone when the next one begins; setup stays. */
static int forget(struct enter *n, struct err *e)
{
	int r = 0;

	for (size_t i = n->stack.n; i > 0 && r == 0; i--)
		if (strcmp(n->stack.v[i - 1].kind, "auto") == 0)
			r = layer_drop(&n->pod, &n->stack, i - 1, e);
	return r;
}

static int turn_over(struct enter *n, struct err *e)
{
	int r = stack_load(&n->stack, &n->pod, e);

	if (r == 0)
		r = layer_close(&n->pod, &n->stack, "auto", e);
	if (r == 0 && plan_is(&n->plan, "ephemeral", "yes"))
		return forget(n, e);
	return r < 0 ? r : layers_squash(&n->pod, &n->stack, layers_keep(&n->plan), e);
}

static int settle(struct enter *n, struct err *e)
{
	const struct mask_ask ask = {.pod = &n->pod,
				     .plan = &n->plan,
				     .tracked = &n->tracked,
				     .cwd = n->dir,
				     .host = &n->host};
	int r = mounts_read(&n->host, e);

	return r < 0 ? r : mask_settle(&n->mask, &n->covers, &ask, e);
}

static int open_userns(struct enter *n, struct err *e)
{
	const struct shift s = shift_of_plan(&n->plan);

	n->userns = pod_userns(&n->pod, s.base, s.uid, s.gid, e);
	return n->userns < 0 ? n->userns : 0;
}

static int build(struct enter *n, struct err *e)
{
	const struct view v = {
		.pod = &n->pod,
		.plan = &n->plan,
		.stack = &n->stack,
		.mask = &n->mask,
		.covers = &n->covers,
		.host = &n->host,
		.userns = n->userns,
		.writable_system = n->setup,
		.unsafe = n->unsafe,
	};
	int r = namespace_own(e);

	return r < 0 ? r : view_build(&v, e);
}

static uid_t pod_root(const struct enter *n)
{
	const struct shift s = shift_of_plan(&n->plan);

	return shift_uid(&s, 0);
}

/* We stand in the view, in which nothing runs yet. */
static void mend(const struct enter *n)
{
	OWN_FD int root = -1;

	if (!trust_stamp(&n->pod))
		return;
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0 && !trust_shows(&n->pod, &n->mask, root))
		trust_mend(&n->pod, root, pod_root(n));
}

static int fresh_view(struct enter *n, struct err *e)
{
	int r = turn_over(n, e);

	private_view_ended(&n->pod);
	if (r == 0)
		r = track(n, e);
	forget_captured(n);
	unlinkat(n->pod.dir, "mounts.live", 0); /* they went with the view they were in */
	if (r == 0)
		r = settle(n, e);
	if (r == 0)
		r = remember(n, e);
	if (r == 0)
		r = needs_settle(&n->pod, &n->plan, n->unsafe, e);
	if (r == 0)
		r = open_userns(n, e);
	if (r == 0)
		r = marker_write(&n->pod, &n->covers, e);
	if (r == 0)
		r = provenance_begin(&n->pod, &n->plan, n->argv, e);
	if (r == 0)
		r = quota_begin(&n->pod, &n->plan, &n->stack, e);
	if (r == 0)
		r = build(n, e);
	if (r == 0)
		mend(n);
	if (r == 0 && !n->setup && plan_str(&n->plan, "plugin", NULL))
		r = lacking_check(&n->pod, e);
	if (r == 0)
		r = quota_hold(&n->pod, &n->plan, e);
	return r;
}

/* The pod lives: nothing is built, but a directory that its view lacks is brought in. */
static int join(struct enter *n, pid_t init, struct err *e)
{
	int r = track(n, e);

	if (r == 0 && n->dir)
		r = live_cover(&n->pod, &n->plan, n->dir, e);
	if (r == 0)
		r = trust_join(&n->pod, init, pod_root(n), e);
	if (r == 0)
		r = remember(n, e);
	if (r == 0)
		r = provenance_add(&n->pod, &n->plan, n->argv, e);
	if (r == 0 && setenv("ENVPOD_JOIN", "1", 1) < 0)
		r = err_set(e, errno, "set ENVPOD_JOIN");
	return r;
}

/* pod-exec pins the network namespace in the host's mount namespace, which we are about to leave.
 */
static int pass_host_ns(struct err *e)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY);
	char text[16];

	if (fd < 0)
		return err_set(e, errno, "open /proc/self/ns/mnt");
	snprintf(text, sizeof(text), "%d", fd);
	return setenv("ENVPOD_MNT_FD", text, 1) < 0 ? err_set(e, errno, "set ENVPOD_MNT_FD") : 0;
}

/* Only absolute directories count: we are about to stand in a directory of the agent's. */
static char *in_path(const char *name)
{
	const char *path = secure_getenv("PATH");

	for (size_t n; path && *path; path += n + (path[n] == ':')) {
		OWN_FREE char *file = NULL;

		n = strcspn(path, ":");
		file = xfmt("%.*s/%s", (int)n, path, name);
		if (file[0] == '/' && access(file, X_OK) == 0)
			return take_ptr(file);
	}
	return NULL;
}

/* One of our tools, else a program of the host's: found before the view is there. */
static int find_command(struct enter *n, const char *name, struct err *e)
{
	struct err missing = {0};
	OWN_FREE char *tool = NULL;

	n->tool = strchr(name, '/') ? NULL : tool_inside(name);
	if (n->tool)
		return 0;
	if (strchr(name, '/')) {
		n->command = realpath(name, NULL);
		return n->command ? 0
				  : err_status(e, POD_EXIT_NOT_FOUND, errno, "run %s", esc(name));
	}
	tool = tool_path(name, &missing);
	n->command = tool ? realpath(tool, NULL) : in_path(name);
	return n->command ? 0 : err_status(e, POD_EXIT_NOT_FOUND, ENOENT, "run %s", esc(name));
}

static int set_environment(const struct enter *n, struct err *e)
{
	int r = pod_lock_pass(&n->pod, e);

	if (r == 0)
		r = pass_host_ns(e);
	if (r == 0 && n->dir && setenv("ENVPOD_TRACK", n->dir, 1) < 0)
		r = err_set(e, errno, "set ENVPOD_TRACK");
	return r;
}

static int enter(struct enter *n, char **argv, struct err *e)
{
	int r = find_command(n, argv[1], e);
	pid_t init;

	n->argv = argv;
	unsetenv("ENVPOD_JOIN");
	unsetenv("ENVPOD_TRACK");
	if (r == 0)
		r = pod_open(&n->pod, argv[0], e);
	if (r == 0)
		r = pod_lock(&n->pod, LOCK_WAIT_MS, e);
	if (r == 0)
		r = plan_open(&n->plan, &n->pod, e);
	if (r == 0)
		r = find_dir(n, e);
	if (r == 0)
		r = layers_recover(&n->pod, e);
	if (r == 0)
		r = journal_recover(&n->pod, e);
	if (r == 0)
		r = commit_prune(&n->pod, e);
	if (r == 0)
		r = set_environment(n, e);
	if (r < 0)
		return r;
	init = pod_init_pid(&n->pod, NULL, e);
	if (init < 0)
		return init;
	return init > 0 ? join(n, init, e) : fresh_view(n, e);
}

/* As env(1): 125 is ours, 126 and 127 are the command's; the reason's own status goes to FD. */
static int report(const struct enter *n, const struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int status = e->status == POD_EXIT_CANNOT_RUN || e->status == POD_EXIT_NOT_FOUND ||
				     e->status == POD_EXIT_USAGE
			     ? e->status
			     : POD_EXIT_BEFORE_RUN;

	if (n->status_fd != UINT64_MAX) {
		jw_open(&b, '{');
		jw_kstr(&b, "event", "failed");
		jw_knum(&b, "status", status);
		jw_knum(&b, "reason_status", err_exit(e));
		jw_kstr(&b, "message", e->msg);
		jw_close(&b, '}');
		buf_char(&b, '\n');
		write_full((int)n->status_fd, b.data, b.len);
	}
	say_err(e);
	return status;
}

static void become(const struct enter *n, char **argv, struct err *e)
{
	if (n->tool)
		tool_call(n->tool, argv);
	execv(n->command, argv);
	err_status(e, errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN, errno, "run %s",
		   esc(n->command));
}

int cmd_enter(int argc, char **argv)
{
	OWN(enter_finish) struct enter n = {.pod = POD_INIT, .userns = -1, .status_fd = UINT64_MAX};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 'w', "workdir", &n.workdir, "DIR", "bring in and track this directory"},
		{OPT_FLAG, 0, "no-cwd", &n.no_cwd, NULL, "not the one the pod file captured"},
		{OPT_FLAG, 0, "unsafe", &n.unsafe, NULL, "mount what is refused otherwise"},
		{OPT_FLAG, 0, "setup", &n.setup, NULL, "system directories are writable"},
		{OPT_U64, 0, "status-fd", &n.status_fd, "N", "write NDJSON about a failure there"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-mount enter [OPTION]... POD -- COMMAND [ARGUMENT]...",
		"Build the pod's view and become COMMAND, standing in the view's root.", 2, 0, 2};

	opt_parse(opts, &usage, argc, argv);
	if (enter(&n, argv, &e) == 0)
		become(&n, argv + 1, &e);
	return report(&n, &e);
}
