/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/envpod/desktop.h"
#include "tools/envpod/front.h"
#include "tools/envpod/govern.h"
#include "tools/envpod/network.h"
#include "tools/envpod/secrets.h"

void run_finish(struct run *r)
{
	strv_finish(&r->env);
	strv_finish(&r->without);
}

static void add_pair(struct strv *argv, const char *option, const char *value)
{
	if (value)
		front_words(argv, option, value, NULL);
}

static void add_each(struct strv *argv, const char *option, const struct strv *values)
{
	for (size_t i = 0; i < values->n; i++)
		add_pair(argv, option, values->v[i]);
}

static void add_enter(struct strv *argv, const struct run *r, const char *cwd)
{
	front_words(argv, "pod-mount", "enter", NULL);
	if (r->mount_cwd || r->workdir)
		add_pair(argv, "-w", r->workdir ? r->workdir : cwd);
	if (r->no_mount_cwd)
		strv_add(argv, "--no-cwd");
	if (r->unsafe)
		strv_add(argv, "--unsafe");
	if (r->setup)
		strv_add(argv, "--setup");
	add_pair(argv, "--status-fd", r->status_fd);
	front_words(argv, r->pod, "--", NULL);
}

static void add_exec(struct strv *argv, const struct run *r, const char *cwd)
{
	strv_add(argv, "pod-exec");
	add_pair(argv, "--cwd", r->workdir ? r->workdir : cwd);
	add_pair(argv, "--user", r->root ? "root" : r->user);
	add_each(argv, "-e", &r->env);
	add_each(argv, "--without", &r->without);
	if (r->unsafe)
		strv_add(argv, "--unsafe");
	add_pair(argv, "--status-fd", r->status_fd);
	add_pair(argv, "--ready-fd", r->ready_fd);
	front_words(argv, r->pod, "--", NULL);
}

/* It closes every descriptor it was not told of. */
static void add_supervise(struct strv *argv, const struct run *r)
{
	front_words(argv, "pod-supervise", "run", r->foreground ? "--foreground" : NULL, NULL);
	add_pair(argv, "--status-fd", r->status_fd);
	add_pair(argv, "--ready-fd", r->ready_fd);
	front_words(argv, r->pod, "--", NULL);
}

int run_compose(struct strv *argv, const struct run *r, struct err *e)
{
	OWN_FREE char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_set(e, errno, "find the current directory");
	if (r->root && r->user && strcmp(r->user, "root") != 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--root and --user %s do not agree",
				  esc(r->user));
	if (r->background)
		add_supervise(argv, r);
	add_enter(argv, r, cwd);
	add_exec(argv, r, cwd);
	for (char **word = r->command; word && *word; word++)
		strv_add(argv, *word);
	return 0;
}

void run_default(struct strv *command, const struct plan *pl, const char *const *fallback)
{
	const char *word;

	for (size_t i = 0; (word = plan_next(pl, "start", &i));)
		strv_add(command, word);
	if (command->n)
		return;
	for (; *fallback; fallback++)
		strv_add(command, *fallback);
}

void run_announce(const struct run *r, const struct plan *pl)
{
	const char *mount;

	for (size_t i = 0; i < r->without.n; i++)
		say_warn("pod %s runs without %s", r->pod, esc(r->without.v[i]));
	for (size_t i = 0; (mount = plan_next(pl, "mount", &i));)
		if (strncmp(mount, "rw ", 3) == 0)
			say_warn("pod %s writes past review: mount %s", r->pod, esc(mount + 3));
	if (plan_is(pl, "network", "unsafe") && r->unsafe)
		say_warn("pod %s uses the host's own network", r->pod);
}

/* Everything is known: build the network, become the chain. */
static int begin(const struct run *r, const struct pod *p, const struct plan *pl,
		 const struct strv *line)
{
	OWN_FD int secrets = -1;
	int status;

	status = govern_allows(p, pl, r->status_fd);
	if (status)
		return status;
	if (!front_print)
		run_announce(r, pl);
	status = network_up(p, pl, r->status_fd);
	if (status == POD_EXIT_OK)
		status = govern_up(p, pl, r->status_fd);
	if (status == POD_EXIT_OK)
		status = desktop_up(p, pl, r->status_fd);
	if (status == POD_EXIT_OK)
		status = secrets_pass(r, pl, &secrets);
	if (status)
		return status;
	return front_exec(line) == POD_EXIT_OK ? POD_EXIT_OK : POD_EXIT_BEFORE_RUN;
}

int cmd_run(int argc, char **argv)
{
	static const char *const shell[] = {"/bin/sh", "-l", NULL};
	OWN(run_finish) struct run r = {0};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0}, command = {0};
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	const struct opt opts[] = {
		RUN_OPTS(&r),
		{OPT_FLAG, 'b', "background", &r.background, NULL,
		 "in the background; see fg and logs"},
		{OPT_FLAG, 'w', "mount-cwd", &r.mount_cwd, NULL,
		 "bring in and track this directory"},
		{OPT_FLAG, 0, "no-mount-cwd", &r.no_mount_cwd, NULL,
		 "not even if the pod file says so"},
		{OPT_STR, 0, "status-fd", &r.status_fd, "N", "write NDJSON about the run there"},
		{OPT_STR, 0, "ready-fd", &r.ready_fd, "N",
		 "write a byte there once the command runs"},
		{OPT_FLAG, 0, "print", &front_print, NULL, "print the tools' command line only"},
		{0},
	};
	const struct opt_usage usage = {"envpod run [OPTION]... POD [--] [COMMAND [ARGUMENT]...]",
					"Run a command in a pod and end with its status.", 1, 0, 2};
	int n = opt_parse(opts, &usage, argc, argv);

	r.pod = argv[0];
	if (pod_open(&p, r.pod, &e) < 0 || plan_open(&pl, &p, &e) < 0)
		goto failed;
	if (n == 1)
		run_default(&command, &pl, shell);
	r.command = n > 1 ? argv + 1 : command.v;
	if (run_compose(&line, &r, &e) == 0)
		return begin(&r, &p, &pl, &line);
failed:
	say_err(&e);
	return e.status == POD_EXIT_USAGE ? POD_EXIT_USAGE : POD_EXIT_BEFORE_RUN;
}
