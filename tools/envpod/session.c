/* SPDX-License-Identifier: Apache-2.0 */
/* Background runs: start, stop, restart; and kill, which asks nobody. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/envpod/desktop.h"
#include "tools/envpod/front.h"
#include "tools/envpod/govern.h"
#include "tools/envpod/helpers.h"
#include "tools/envpod/network.h"
#include "tools/envpod/run.h"
#include "tools/envpod/secrets.h"
#include "tools/envpod/service.h"

static int start_one(const char *name, const struct run *options)
{
	static const char *const forever[] = {"/bin/sleep", "infinity", NULL};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0}, command = {0};
	OWN_PLAN struct plan pl = {0};
	struct run r = *options;
	OWN_FD int secrets = -1;
	struct err e = {0};
	int status;

	if (pod_open(&p, name, &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	run_default(&command, &pl, forever);
	r.pod = name;
	r.background = true;
	if (!r.command)
		r.command = command.v;
	if (run_compose(&line, &r, &e) < 0)
		return say_err(&e);
	status = govern_allows(&p, &pl, NULL);
	if (status)
		return status;
	if (!front_print)
		run_announce(&r, &pl);
	status = network_up(&p, &pl, NULL);
	if (status == POD_EXIT_OK)
		status = govern_up(&p, &pl, NULL);
	if (status == POD_EXIT_OK)
		status = desktop_up(&p, &pl, NULL);
	if (status == POD_EXIT_OK)
		status = secrets_pass(&r, &pl, &secrets);
	if (status)
		return status;
	if (r.foreground)
		return front_exec(&line);
	status = front_run(&line);
	if (status == 0 && !front_print && !r.quiet)
		printf("Started %s.\n", name);
	return status;
}

/* A background run has begun before its pod stands: the byte comes when its command runs. */
int session_start(const char *name)
{
	struct run quiet = {.quiet = true};
	int ends[2], status;
	char number[12], byte;

	if (pipe(ends) < 0) {
		say_error("make a pipe: %s", strerror(errno));
		return POD_EXIT_FAILED;
	}
	OWN_FD int in = ends[0];

	fcntl(in, F_SETFD, FD_CLOEXEC);
	snprintf(number, sizeof(number), "%d", ends[1]);
	quiet.ready_fd = number;
	status = start_one(name, &quiet);
	close(ends[1]);
	if (status || front_print || read(in, &byte, 1) == 1)
		return status;
	say_error("pod %s did not start (envpod logs %s)", name, name);
	return POD_EXIT_FAILED;
}

/* Where the command begins: opt_parse has taken "--" away, so it is looked for before. */
static int words_before_dashes(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

static int start_all(int n, char **names, bool all, const struct run *r)
{
	OWN_STRV struct strv found = {0};
	struct err e = {0};
	int worst = POD_EXIT_OK;

	if (all && front_names(&found, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < (all ? found.n : (size_t)n); i++) {
		int status = start_one(all ? found.v[i] : names[i], r);

		if (status > worst)
			worst = status;
	}
	return worst;
}

static int cmd_start_with(int argc, char **argv, const char *line, const char *text)
{
	OWN(run_finish) struct run r = {0};
	bool all = false;
	const struct opt opts[] = {
		RUN_OPTS(&r),
		{OPT_FLAG, 0, "all", &all, NULL, "every pod there is"},
		{OPT_FLAG, 'w', "mount-cwd", &r.mount_cwd, NULL,
		 "bring in and track this directory"},
		{OPT_FLAG, 0, "foreground", &r.foreground, NULL,
		 "stay, and end with the run's status"},
		{0},
	};
	const struct opt_usage usage = {line, text, 0, 0, 0};
	int dashes = words_before_dashes(argc, argv), n;

	if (dashes + 1 < argc)
		r.command = argv + dashes + 1;
	n = opt_parse(opts, &usage, dashes, argv);
	if (all == (n > 0)) {
		say_error("name a pod, or give --all (usage: %s)", line);
		return POD_EXIT_USAGE;
	}
	if (r.foreground && n != 1) {
		say_error("start --foreground: one pod");
		return POD_EXIT_USAGE;
	}
	return start_all(n, argv, all, &r);
}

int cmd_start(int argc, char **argv)
{
	return cmd_start_with(argc, argv,
			      "envpod start [OPTION]... POD... [-- COMMAND [ARGUMENT]...]",
			      "Run the start command, or COMMAND, in the background.");
}

static uint64_t stop_timeout = 10;

static int stop_one(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0};
	struct err e = {0};
	int status;

	if (pod_open(&p, name, &e) < 0)
		return say_err(&e);
	if (service_asks(name, "stop", &status))
		return status;
	front_words(&line, "pod-supervise", "stop", "--timeout", NULL);
	strv_fmt(&line, "%llu", (unsigned long long)stop_timeout);
	strv_add(&line, name);
	status = front_run(&line);
	if (status == POD_EXIT_OK)
		status = helpers_down(&p, "desktop");
	if (status == POD_EXIT_OK)
		status = helpers_down(&p, "govern");
	return status ? status : network_down(&p);
}

int cmd_stop(int argc, char **argv)
{
	bool all = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "all", &all, NULL, "every pod there is"},
		{OPT_U64, 't', "timeout", &stop_timeout, "SECONDS", "then the rest is killed (10)"},
		{0},
	};
	const struct opt_usage usage = {"envpod stop [OPTION]... POD...",
					"End a pod's runs: SIGTERM, then SIGKILL.", 0, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	return front_each(n, argv, all, stop_one);
}

static int restart_one(const char *name)
{
	const struct run none = {0};
	int status;

	if (service_asks(name, "restart", &status))
		return status;
	status = stop_one(name);
	return status ? status : start_one(name, &none);
}

int cmd_restart(int argc, char **argv)
{
	bool all = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "all", &all, NULL, "every pod there is"},
		{0},
	};
	const struct opt_usage usage = {"envpod restart POD...", "Stop, then start.", 0, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	return front_each(n, argv, all, restart_one);
}

/* A background run that is just being started is in none of the pod's groups yet. */
int session_kill(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0}, rest = {0};
	struct err e = {0};
	int status;

	if (pod_open(&p, name, &e) < 0)
		return say_err(&e);
	front_words(&line, "pod-limit", "kill", name, NULL);
	front_words(&rest, "pod-supervise", "stop", "--timeout", "1", name, NULL);
	status = front_run(&line);
	if (status == POD_EXIT_OK)
		status = front_run(&rest);
	return status ? status : helpers_down(&p, "desktop");
}

int cmd_kill(int argc, char **argv)
{
	bool all = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "all", &all, NULL, "every pod there is"},
		{0},
	};
	const struct opt_usage usage = {"envpod kill POD...",
					"End every process of a pod at once; its changes stay.", 0,
					0, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	return front_each(n, argv, all, session_kill);
}
