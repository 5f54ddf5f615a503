/* SPDX-License-Identifier: Apache-2.0 */
/* envpod service: units of systemd that keep pods running. */
#include "tools/envpod/service.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"
#include "tools/envpod/systemd.h"
#include "tools/envpod/unit.h"

#define UNIT_MAX 65536

struct service_ask {
	const char *workdir;
	bool print, json;
};

/* --- units on disk --- */

/* 1: ours; 0: none; -EEXIST: somebody else's. */
static int look(int dir, const char *unit, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(dir, unit, &b, UNIT_MAX);

	if (r == -ENOENT)
		return 0;
	if (r < 0 && r != -ELOOP && r != -EFBIG)
		return err_set(e, -r, "read %s/%s", systemd_dir(), unit);
	if (r == 0 && b.len && unit_is_ours(b.data))
		return 1;
	return err_status(e, POD_EXIT_REFUSED, EEXIST, "%s/%s is not envpod's", systemd_dir(),
			  unit);
}

bool service_exists(const char *pod)
{
	OWN_FREE char *unit = unit_name(pod);
	struct err ignored = {0};
	OWN_FD int dir = systemd_open(&ignored);

	return dir >= 0 && look(dir, unit, &ignored) == 1;
}

bool service_asks(const char *pod, const char *word, int *status)
{
	OWN_FREE char *unit = unit_name(pod);
	const char *inside = secure_getenv(UNIT_VARIABLE);

	if ((inside && strcmp(inside, unit) == 0) || !systemd_runs() || !service_exists(pod))
		return false;
	*status = systemd_do(word, unit, NULL) ? POD_EXIT_FAILED : POD_EXIT_OK;
	return true;
}

/* Where things are for us, they are for it. */
static void add_environment(struct unit *u)
{
	static const char *const kept[] = {"ENVPOD_STATE_DIR", "ENVPOD_DIR",      "ENVPOD_RUN_DIR",
					   "ENVPOD_TOOLS",     "ENVPOD_DATA_DIR", "ENVPOD_CGROUP"};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (secure_getenv(kept[i]))
			strv_fmt(&u->env, "%s=%s", kept[i], secure_getenv(kept[i]));
}

static int compose(struct buf *b, const char *pod, const char *workdir, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	OWN_FREE char *program = realpath("/proc/self/exe", NULL);
	OWN_FREE char *given = workdir ? realpath(workdir, NULL) : NULL;
	struct unit u = {.pod = pod, .program = program, .state = pod_state_dir()};
	int r = pod_open(&p, pod, e);

	if (r == 0)
		r = plan_open(&pl, &p, e);
	if (r == 0 && !program)
		r = err_set(e, errno, "find envpod's own path");
	if (r == 0 && workdir && !given)
		r = err_set(e, errno, "find %s", esc(workdir));
	if (r < 0)
		return r;
	u.workdir = given ? given : plan_str(&pl, "service.workdir", NULL);
	u.restart = plan_str(&pl, "service.restart", "always");
	add_environment(&u);
	r = unit_text(b, &u, e);
	strv_finish(&u.env);
	return r;
}

static int write_unit(const char *unit, const struct buf *text, struct err *e)
{
	OWN_FD int dir = systemd_open(e);
	int r = dir < 0 ? dir : look(dir, unit, e);

	if (r < 0)
		return r;
	r = write_file_at(dir, unit, text->data, text->len, 0644, true);
	return r < 0 ? err_set(e, -r, "write %s/%s", systemd_dir(), unit) : 0;
}

/* Only a running systemd can be told; files for one that is not booted are asked for by name. */
static int check_systemd(struct err *e)
{
	if (systemd_runs() || systemd_dir_given())
		return 0;
	return err_status(
		e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
		"systemd does not run this host; --print shows the unit, whose ExecStart is "
		"what another service manager should run (ENVPOD_UNIT_DIR=DIR writes units "
		"for an image)");
}

/* --- commands --- */

/* Also where its first process is still on its way. */
static bool lives(const char *pod)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf runs = BUF_INIT;
	struct err ignored = {0};

	front_words(&line, "pod-supervise", "status", pod, NULL);
	return (pod_open(&p, pod, &ignored) == 0 && pod_may_live(&p)) ||
	       front_capture(&line, &runs) == 0;
}

/* A pod that runs already goes on as it is: a second run in it is not what anybody wants. */
static int start(const char *pod, const char *unit)
{
	bool runs = lives(pod);
	int status;

	if (!systemd_runs()) {
		printf("Wrote %s/%s; systemctl enable %s makes it start with the host.\n",
		       systemd_dir(), unit, unit);
		return POD_EXIT_OK;
	}
	status = systemd_do("daemon-reload", NULL);
	if (status == 0 && runs)
		status = systemd_do("enable", unit, NULL);
	else if (status == 0)
		status = systemd_do("enable", "--now", unit, NULL);
	if (status)
		return POD_EXIT_FAILED;
	printf("Registered %s as %s.\n", pod, unit);
	if (runs)
		printf("It runs already; the service takes over with: envpod stop %s; envpod service "
		       "restart %s\n",
		       pod, pod);
	return POD_EXIT_OK;
}

int service_register(const char *pod, const char *workdir)
{
	OWN_FREE char *unit = unit_name(pod);
	OWN_BUF struct buf text = BUF_INIT;
	struct err e = {0};

	if (compose(&text, pod, workdir, &e) < 0 || check_systemd(&e) < 0 ||
	    write_unit(unit, &text, &e) < 0)
		return say_err(&e);
	return start(pod, unit);
}

static int do_register(const char *pod, const struct service_ask *ask)
{
	OWN_BUF struct buf text = BUF_INIT;
	struct err e = {0};

	if (!ask->print)
		return service_register(pod, ask->workdir);
	if (compose(&text, pod, ask->workdir, &e) < 0)
		return say_err(&e);
	fputs(text.data, stdout);
	return say_end(POD_EXIT_OK);
}

/* 0 when there is a unit of ours, and systemd to talk to about it. */
static int find(const char *pod, char **unit, int *dir, struct err *e)
{
	int r = pod_check_name(pod, e);

	if (r == 0)
		r = check_systemd(e);
	if (r == 0)
		r = *dir = systemd_open(e);
	if (r < 0)
		return r;
	*unit = unit_name(pod);
	r = look(*dir, *unit, e);
	if (r == 0)
		return err_set(e, ERR_PLAIN, "pod %s is no service (envpod service register %s)",
			       pod, pod);
	return r < 0 ? r : 0;
}

/* The unit goes also where its pod is gone. */
static int do_unregister(const char *pod, const struct service_ask *ask)
{
	OWN_FREE char *unit = NULL;
	OWN_FD int dir = -1;
	struct err e = {0};

	(void)ask;
	if (find(pod, &unit, &dir, &e) < 0)
		return say_err(&e);
	if (systemd_runs() && systemd_do("disable", "--now", unit, NULL))
		return POD_EXIT_FAILED;
	if (unlinkat(dir, unit, 0) < 0)
		return say_err((err_set(&e, errno, "remove %s/%s", systemd_dir(), unit), &e));
	if (systemd_runs() && systemd_do("daemon-reload", NULL))
		return POD_EXIT_FAILED;
	printf("Unregistered %s.\n", pod);
	return POD_EXIT_OK;
}

static int do_restart(const char *pod, const struct service_ask *ask)
{
	OWN_FREE char *unit = NULL;
	OWN_FD int dir = -1;
	struct err e = {0};

	(void)ask;
	if (find(pod, &unit, &dir, &e) < 0)
		return say_err(&e);
	if (!systemd_runs())
		return say_err((err_status(&e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
					   "systemd does not run this host"),
				&e));
	return systemd_do("restart", unit, NULL) ? POD_EXIT_FAILED : POD_EXIT_OK;
}

struct row {
	const char *pod, *unit, *enabled, *active, *sub, *pid, *since;
};

static const struct col cols[] = {
	{"pod", COL_STR, offsetof(struct row, pod), 16},
	{"unit", COL_STR, offsetof(struct row, unit), 32},
	{"enabled", COL_STR, offsetof(struct row, enabled), 8},
	{"active", COL_STR, offsetof(struct row, active), 10},
	{"state", COL_STR, offsetof(struct row, sub), 8},
	{"pid", COL_STR, offsetof(struct row, pid), 7},
	{"since", COL_STR, offsetof(struct row, since), 0},
	{0},
};

/* True when it is active. */
static bool show(struct out *o, const char *pod, const char *unit)
{
	struct systemd_state s;
	struct row row = {pod, unit, s.enabled, s.active, s.sub, s.pid, s.since};

	systemd_look(&s, unit);
	out_row(o, &row);
	return strcmp(s.active, "active") == 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find_all(struct strv *units, struct err *e)
{
	OWN_FD int dir = systemd_open(e);
	OWN_DIR DIR *d = dir < 0 ? NULL : fdopendir(dup(dir));
	const char *name;
	int more = -ENOMEM;

	if (dir < 0)
		return dir;
	while (d && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *pod = unit_pod(name);
		struct err ignored = {0};

		if (pod && look(dir, name, &ignored) == 1)
			strv_add(units, name);
	}
	if (more < 0)
		return err_set(e, -more, "list %s", systemd_dir());
	if (units->n)
		qsort(units->v, units->n, sizeof(*units->v), by_text);
	return 0;
}

static int do_list(const char *none, const struct service_ask *ask)
{
	struct out o = {.form = ask->json ? OUT_JSON : OUT_TEXT, .cols = cols};
	OWN_STRV struct strv units = {0};
	struct err e = {0};

	(void)none;
	if (find_all(&units, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < units.n; i++) {
		OWN_FREE char *pod = unit_pod(units.v[i]);

		show(&o, pod, units.v[i]);
	}
	return say_end(POD_EXIT_OK);
}

static int do_status(const char *pod, const struct service_ask *ask)
{
	struct out o = {.form = ask->json ? OUT_JSON : OUT_TEXT, .cols = cols};
	OWN_FREE char *unit = NULL;
	OWN_FD int dir = -1;
	struct err e = {0};
	bool active;

	if (!pod)
		return do_list(NULL, ask);
	if (find(pod, &unit, &dir, &e) < 0)
		return say_err(&e);
	active = show(&o, pod, unit);
	return say_end(active ? POD_EXIT_OK : POD_EXIT_NO);
}

static const struct verb {
	const char *word;
	int min, max; /* pods */
	int (*run)(const char *pod, const struct service_ask *ask);
} verbs[] = {
	{"register", 1, 1, do_register}, {"unregister", 1, 1, do_unregister},
	{"status", 0, 1, do_status},     {"list", 0, 0, do_list},
	{"restart", 1, 1, do_restart},
};

int cmd_service(int argc, char **argv)
{
	struct service_ask ask = {.workdir = NULL};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 'w', "workdir", &ask.workdir, "DIR", "register: where the run begins"},
		{OPT_FLAG, 0, "print", &ask.print, NULL, "register: show the unit, write nothing"},
		{OPT_FLAG, 'j', "json", &ask.json, NULL, "status, list: one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod service [OPTION]... register|unregister|status|list|restart [POD]",
		"Pods that systemd keeps running.", 1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv) - 1;

	if (pod_check_caller(&e) < 0)
		return say_err(&e);
	ask.print = ask.print || front_print;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].word, argv[0]) == 0) {
			if (n < verbs[i].min || n > verbs[i].max)
				die(POD_EXIT_USAGE, "service %s: %s", argv[0],
				    n ? "names no pod" : "name a pod");
			return verbs[i].run(argv[1], &ask);
		}
	die(POD_EXIT_USAGE, "service: %s is none of register, unregister, status, list, restart",
	    esc(argv[0]));
}
