/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-monitor/cmds.h"
#include "tools/pod-monitor/policy.h"
#include "tools/pod-monitor/state.h"

struct row {
	const char *rule, *state, *response, *last, *when, *source;
	uint64_t times;
};

static const struct col cols[] = {
	{"rule", COL_STR, offsetof(struct row, rule), 20},
	{"state", COL_STR, offsetof(struct row, state), 7},
	{"times", COL_U64, offsetof(struct row, times), 6},
	{"last", COL_STR, offsetof(struct row, last), 28},
	{"response", COL_STR, offsetof(struct row, response), 20},
	{"when", COL_STR, offsetof(struct row, when), 30},
	{"source", COL_STR, offsetof(struct row, source), 0},
	{0},
};

static const char *const conditions[CONDITIONS] = {
	[CONDITION_ACTIONS] = "max_actions_per_minute",
	[CONDITION_RESOURCE] = "resource_threshold",
	[CONDITION_ACTION] = "forbidden_action",
	[CONDITION_SEQUENCE] = "forbidden_sequence",
};

static void print_rule(struct out *o, const struct policy *p, const struct rule *r,
		       const struct rule_state *rs)
{
	OWN_BUF struct buf responses = BUF_INIT;
	char last[UNIT_TIME_LEN];
	struct row row = {.rule = r->name,
			  .state = rs->off      ? "off"
				   : rs->firing ? "fired"
						: "armed",
			  .times = rs->times,
			  .when = r->when ? r->when : conditions[r->condition.type],
			  .source = p->source};

	for (size_t i = 0; i < r->n; i++)
		buf_fmt(&responses, "%s%s", i ? "," : "", response_names[r->responses[i].type]);
	row.response = responses.data;
	if (rs->fired_ns) {
		unit_time(rs->fired_ns, last);
		row.last = last;
	}
	out_row(o, &row);
}

int cmd_show(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-monitor show [--json] POD",
					"List the rules of a pod, and which of them hold.", 1, 1,
					0};
	static const struct rule_state fresh;
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	OWN(policy_finish) struct policy policy = {0};
	struct out o = {.cols = cols};
	struct state *s = NULL;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	o.form = json ? OUT_JSON : OUT_TEXT;
	if (pod_open(&p, argv[0], &e) < 0 || plan_open(&plan, &p, &e) < 0 ||
	    policy_load(&policy, &p, &plan, &e) < 0 || !(s = state_open(&p, &e)))
		return say_err(&e);
	for (size_t i = 0; i < policy.n; i++)
		print_rule(&o, &policy, &policy.rules[i],
			   s->policy == policy.number ? &s->rules[i] : &fresh);
	state_close(s);
	return say_end(POD_EXIT_OK);
}
