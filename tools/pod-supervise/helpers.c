/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/wall.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/keeper.h"
#include "tools/pod-supervise/set.h"

static enum set set;

#define LOG_MAX (1 << 20)
#define STOP_MS 6000

/* What a daemon inherits of our caller's environment: where things are. */
static void clean_environment(void)
{
	static const char *const kept[] = {"ENVPOD_STATE_DIR",
					   "ENVPOD_DIR",
					   "ENVPOD_RUN_DIR",
					   "ENVPOD_TOOLS",
					   "ENVPOD_DATA_DIR",
					   "ENVPOD_CGROUP",
					   "ENVPOD_LOG",
					   "PATH",
					   NULL};
	char *values[sizeof(kept) / sizeof(kept[0])];

	for (int i = 0; kept[i]; i++)
		values[i] = getenv(kept[i]) ? xstrdup(getenv(kept[i])) : NULL;
	clearenv();
	for (int i = 0; kept[i]; i++)
		if (values[i])
			setenv(kept[i], values[i], 1);
}

/* The log of one helper; of a long one, the last half stays beside it. */
static int open_log(int logdir, const char *name)
{
	OWN_FREE char *log = xfmt("%s.log", name), *old = xfmt("%s.log.old", name);
	struct stat st;

	if (fstatat(logdir, log, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > LOG_MAX)
		renameat(logdir, log, logdir, old);
	return openat(logdir, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void let_go(int logdir, const char *name)
{
	OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	OWN_FD int log = open_log(logdir, name);

	dup2(null, 0);
	dup2(null, 1);
	dup2(log >= 0 ? log : null, 2);
	umask(077);
	if (chdir("/") < 0)
		say_error("chdir /: %s", strerror(errno));
}

void keeper_become(const struct keeper *k, const struct service *s, int ready)
{
	OWN_STRV struct strv argv = {0};
	struct err e = {0};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	let_go(k->logdir, s->name);
	for (size_t i = 0; i < s->argv.n; i++)
		strv_add(&argv, s->argv.v[i]);
	strv_add(&argv, "--ready-fd");
	strv_fmt(&argv, "%d", ready);
	strv_add(&argv, "--event-fd");
	strv_fmt(&argv, "%d", s->events);
	sockets_pass(&s->sockets, &argv);
	if (fcntl(ready, F_SETFD, 0) == 0 && fcntl(s->events, F_SETFD, 0) == 0)
		spawn_exec(argv.v, &e);
	say_error("%s", e.msg);
	_exit(err_exit(&e));
}

/* The grandchild: nobody's session, and nothing of our caller's open. */
static void detached(struct keeper *k)
{
	struct err e = {0};

	if (setsid() < 0 || fork() != 0)
		_exit(0);
	prctl(PR_SET_NAME, "pod-helpers");
	clean_environment();
	if (keeper_open(k, &e) < 0) {
		write_full(k->told, &e, sizeof(e));
		_exit(POD_EXIT_FAILED);
	}
	let_go(k->logdir, set_log(set));
	keeper_run(k);
	keeper_finish(k);
	_exit(0);
}

/* Whatever our caller holds, a pod's lock above all, must not live as long as a daemon. */
static void close_inherited(void)
{
	syscall(SYS_close_range, 3, ~0u, 0);
	unsetenv("ENVPOD_LOCK_FD");
}

static int start(struct keeper *k, const char *pod, struct err *e)
{
	struct err told = {0};
	int ends[2];
	pid_t pid;

	close_inherited();
	if (pod_open(&k->pod, pod, e) < 0 || set_enter(&k->pod, set, true, e) < 0)
		return -e->code;
	if (wall_keeper(&k->pod, NULL) > 0)
		return 0;
	if (set_list(&k->pod, set, e) < 0)
		return -e->code;
	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return err_set(e, errno, "start a keeper");
	if (pid == 0) {
		close(ends[0]);
		k->told = ends[1];
		detached(k);
	}
	close(ends[1]);
	waitpid(pid, NULL, 0);
	if (read_full(ends[0], &told, sizeof(told)) != sizeof(told))
		err_set(&told, ERR_PLAIN, "keep the helpers of pod %s: the keeper died", pod);
	else if (!told.code)
		return 0;
	*e = told;
	return -EINVAL;
}

static int cmd_start(const char *pod)
{
	struct keeper k = {.pod = POD_INIT,
			   .lock = -1,
			   .logdir = -1,
			   .told = -1,
			   .signals = -1,
			   .alarm = {-1, -1}};
	struct err e = {0};
	int r;

	for (int i = 0; i < SERVICES_MAX; i++)
		k.pipes[i] = -1;
	r = start(&k, pod, &e);
	keeper_finish(&k);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}

/* Daemons may outlive their pod's directory: what is left of it is enough to end them. */
static int open_run(struct pod *p, const char *name, struct err *e)
{
	if (pod_check_name(name, e) < 0 || pod_state_open(e) < 0)
		return -e->code;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->runpath = xfmt("%s/%s", pod_run_dir(), name);
	p->run = open(p->runpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (p->run < 0)
		return errno != ENOENT ? err_set(e, errno, "open %s", p->runpath) : 0;
	if (set_enter(p, set, false, e) == -ENOENT && !e->code) {
		close(p->run);
		p->run = -1;
	}
	return -e->code;
}

static int cmd_stop_helpers(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FD int pidfd = -1;
	struct pollfd gone = {.events = POLLIN};
	struct err e = {0};

	if (open_run(&p, name, &e) < 0)
		return say_err(&e);
	if (p.run < 0)
		return POD_EXIT_OK;
	if (wall_keeper(&p, &pidfd) > 0) {
		gone.fd = pidfd;
		syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
		if (poll(&gone, 1, STOP_MS) <= 0) {
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
			poll(&gone, 1, STOP_MS);
		}
	}
	services_end_orphans(&p);
	if (set != SET_NET)
		unlinkat(p.run, "services", 0);
	for (const char *const *f =
		     (const char *const[]){"helpers.pid", "services.json", "services.state", NULL};
	     *f; f++)
		unlinkat(p.run, *f, 0);
	return POD_EXIT_OK;
}

struct row {
	const char *name, *state;
	uint64_t pid;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 10},
	{"state", COL_STR, offsetof(struct row, state), 8},
	{"pid", COL_U64, offsetof(struct row, pid), 0},
	{0},
};

static bool json;

/* From the files of the keeper: who is listed, and who of them lives. */
static int cmd_list(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN(services_finish) struct services s = {.n = 0};
	struct out o = {.form = json ? OUT_JSON : OUT_TEXT, .cols = cols};
	struct err e = {0};
	bool kept, all = true;

	if (pod_open(&p, name, &e) < 0)
		return say_err(&e);
	if (set_enter(&p, set, false, &e) < 0)
		return e.code ? say_err(&e) : POD_EXIT_NO;
	kept = wall_keeper(&p, NULL) > 0;
	if (!kept && faccessat(p.run, "services.state", F_OK, 0) < 0)
		return POD_EXIT_NO;
	if (services_read(&s, &p, &e) < 0)
		return say_err(&e);
	services_look(&s, &p);
	for (int i = 0; i < s.n; i++) {
		bool rests = kept && s.v[i].state == SERVICE_RESTING;
		struct row row = {s.v[i].name,
				  s.v[i].pid ? "up"
				  : rests    ? "resting"
					     : "down",
				  (uint64_t)s.v[i].pid};

		all = all && (s.v[i].pid || rests);
		out_row(&o, &row);
	}
	return say_end(kept && all ? POD_EXIT_OK : POD_EXIT_NO);
}

static int cmd_wake_set(const char *pod)
{
	return cmd_wake(pod, set);
}

static void find_set(const char *name)
{
	while (set < SETS && strcmp(set_names[set], name) != 0)
		set++;
	if (set == SETS)
		die(POD_EXIT_USAGE, "helpers: --set %s is none of net, govern, desktop", esc(name));
}

static const struct {
	const char *word;
	int (*run)(const char *pod);
} words[] = {
	{"start", cmd_start},
	{"stop", cmd_stop_helpers},
	{"status", cmd_list},
	{"wake", cmd_wake_set},
};

int cmd_helpers(int argc, char **argv)
{
	const char *name = NULL;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{OPT_STR, 0, "set", &name, "net|govern|desktop", "which of them (net)"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-supervise helpers [OPTION]... start|stop|wake|status POD",
		"Keep the daemons of a pod alive.", 2, 2, 0};

	opt_parse(opts, &usage, argc, argv);
	if (name)
		find_set(name);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, argv[0]) == 0)
			return words[i].run(argv[1]);
	die(POD_EXIT_USAGE, "helpers: %s is none of start, stop, wake, status", esc(argv[0]));
}
