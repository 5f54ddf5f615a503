/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/cmds.h"
#include "tools/pod-monitor/hook.h"
#include "tools/pod-monitor/policy.h"
#include "tools/pod-monitor/program.h"

static bool compiles(const struct rule *r, const char *text)
{
	struct jq_state *program = text ? program_compile(text) : NULL;

	if (text && !program)
		say_error("rule %s: no jq program: %s", r->name, text);
	program_free(program);
	return !text || program;
}

/* All of it is looked at, so that all that is wrong is said. */
static bool is_sound(const struct rule *r)
{
	bool sound = compiles(r, r->when);

	sound = compiles(r, r->clear) && sound;
	for (size_t i = 0; i < r->n; i++) {
		struct err e = {0};

		if (r->responses[i].type != RESPOND_HOOK ||
		    hook_check(r->responses[i].argv.v[0], &e) == 0)
			continue;
		say_error("rule %s: %s", r->name, e.msg);
		sound = false;
	}
	return sound;
}

static int load(struct policy *p, const char *file, const char *name, struct err *e)
{
	OWN(pod_finish) struct pod pod = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	OWN_BUF struct buf json = BUF_INIT;
	int r;

	if (file) {
		r = policy_compile(file, &json, e);
		return r < 0 ? r : policy_parse(p, json.data, json.len, e);
	}
	r = pod_open(&pod, name, e);
	if (r == 0)
		r = plan_open(&plan, &pod, e);
	return r < 0 ? r : policy_load(p, &pod, &plan, e);
}

int cmd_check(int argc, char **argv)
{
	const char *file = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'f', "file", &file, "FILE", "a file of rules instead of a pod's"},
		{0},
	};
	const struct opt_usage usage = {"pod-monitor check POD | --file FILE",
					"Check the rules of a pod, or a file of rules.", 0, 1, 0};
	OWN(policy_finish) struct policy policy = {0};
	struct err e = {0};
	bool sound = true;
	int n = opt_parse(opts, &usage, argc, argv);

	if (n != (file ? 0 : 1)) {
		say_error("check: give a pod, or a file by --file");
		return POD_EXIT_USAGE;
	}
	if (load(&policy, file, argv[0], &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < policy.n; i++)
		sound = is_sound(&policy.rules[i]) && sound;
	return sound ? POD_EXIT_OK : POD_EXIT_CONFIG;
}
