/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of rules run where nearly every system call ends them.  What this machine's libraries
 * ask for there is tried, not known.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/finding.h"
#include "libcommon/lockdown.h"
#include "libcommon/opt.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/cmds.h"
#include "tools/pod-monitor/program.h"

static const struct {
	const char *what, *program;
} tries[] = {
	{"compares", ".sample.cpu.percent == null"},
	{"sorts", "[range(5000)] | group_by(. % 7) | length == 7"},
	{"reads dates", "\"2026-01-01T00:00:00Z\" | fromdate > 4"},
	{"asks the clock", "(now | localtime | mktime) > 4"},
	{"matches", "\"envpod\" | test(\"^EN.*d$\"; \"i\")"},
};

#define TRIES (sizeof(tries) / sizeof(tries[0]))

/* 0: it said yes. */
static void child(const char *text)
{
	const struct lockdown l = {.promises = PROMISE_FILE | PROMISE_ALARM};
	struct jq_state *program = program_compile(text);
	struct err e = {0};

	program_bound();
	if (!program || lockdown(&l, &e) < 0)
		_exit(POD_EXIT_FAILED);
	_exit(program_run(program, jv_object()) == 1 ? POD_EXIT_OK : POD_EXIT_NO);
}

static bool works(const char *text)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		child(text);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool check_programs(bool json)
{
	char message[200] = "jq programs run behind the lock-down";
	bool all = true;

	for (size_t i = 0; i < TRIES; i++) {
		if (works(tries[i].program))
			continue;
		snprintf(message, sizeof(message), "a jq program that %s does not run here",
			 tries[i].what);
		all = false;
	}
	finding_line(&(struct finding){"programs", "monitor", all ? "pass" : "fail", message,
				       all ? "" : "rules with ready conditions need no program"},
		     json);
	return all;
}

/* In a group of version 2 memory and disks are counted where the controller is handed down. */
static void check_measures(bool json, const struct cgtree *t)
{
	bool memory = cgtree_has(t, CTL_MEMORY), io = cgtree_has(t, CTL_IO);
	char message[200];

	snprintf(message, sizeof(message),
		 "processor time and processes of every pod; memory %s; disks %s",
		 memory ? "too" : "of those with a limit",
		 io                    ? "too"
		 : t->at.v1[CTL_IO][0] ? "of those with a limit"
				       : "of none");
	finding_line(&(struct finding){"measures", "monitor", memory ? "pass" : "warn", message,
				       memory ? ""
					      : "give pods that rules watch the memory of a limit "
						"(processor.memory)"},
		     json);
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false, sound;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{0},
	};
	const struct opt_usage usage = {"pod-monitor doctor [--json]",
					"Whether rules run on this machine, and what it measures.",
					0, 0, 0};
	struct cgtree t = CGTREE_INIT;
	struct err e = {0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no argument (usage: %s)", usage.line);
	if (pod_check_caller(&e) < 0 || cgtree_open(&t, ".doctor", &e) < 0)
		return say_err(&e);
	sound = check_programs(json);
	if (cgtree_make_v2(&t) == 0) {
		cgtree_enable(&t, CTL_MEMORY);
		cgtree_enable(&t, CTL_IO);
	}
	check_measures(json, &t);
	cgtree_remove_v2(&t, 100);
	cgtree_finish(&t);
	return say_end(sound ? POD_EXIT_OK : POD_EXIT_NO);
}
