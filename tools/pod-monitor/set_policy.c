/* SPDX-License-Identifier: Apache-2.0 */
/* Other rules for a pod: checked whole, written down who gave them, and only then in force. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/cmds.h"
#include "tools/pod-monitor/hook.h"
#include "tools/pod-monitor/policy.h"

static int check_hooks(const struct policy *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < p->rules[i].n && r == 0; j++)
			if (p->rules[i].responses[j].type == RESPOND_HOOK)
				r = hook_check(p->rules[i].responses[j].argv.v[0], e);
	return r;
}

static int record_change(const struct pod *p, const char *what, size_t rules, struct err *e)
{
	OWN_EVENT struct event ev = {0};
	struct pod_caller by;

	if (pod_caller(&by, e) < 0)
		return -e->code;
	event_init(&ev, p->name, "monitor", "monitor_policy");
	event_str(&ev, "reason", what);
	event_str(&ev, "by", by.name);
	event_num(&ev, "rules", (int64_t)rules);
	return record_event(&ev, true, e);
}

static int set(const struct pod *p, const char *file, struct err *e)
{
	OWN(policy_finish) struct policy policy = {0};
	OWN_BUF struct buf json = BUF_INIT;
	OWN_FD int dir = -1;
	int r = policy_compile(file, &json, e);

	if (r == 0)
		r = policy_parse(&policy, json.data, json.len, e);
	if (r == 0)
		r = check_hooks(&policy, e);
	dir = r < 0 ? r : policy_open(p, e);
	if (dir < 0)
		return dir;
	r = record_change(p, "set", policy.n, e);
	return r < 0 ? r : policy_replace(p, dir, POLICY_FILE, &json, e);
}

static int reset(const struct pod *p, struct err *e)
{
	int r = record_change(p, "reset", 0, e);

	if (r == 0 && unlinkat(p->dir, "policy/" POLICY_FILE, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/policy/" POLICY_FILE, p->path);
	return r;
}

int cmd_set_policy(int argc, char **argv)
{
	bool back = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "reset", &back, NULL, "go by the pod file's rules again"},
		{0},
	};
	const struct opt_usage usage = {"pod-monitor set-policy POD FILE | --reset POD",
					"Give a pod other rules, which hold at once.", 1, 2, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv), r;

	if (back == (n == 2)) {
		say_error("set-policy: give a pod, and a file of rules or --reset");
		return POD_EXIT_USAGE;
	}
	r = pod_open(&p, argv[0], &e);
	if (r == 0)
		r = back ? reset(&p, &e) : set(&p, argv[1], &e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
