/* SPDX-License-Identifier: Apache-2.0 */
/* What would become of a name, and by which rule: the daemon's own judgement, without the daemon.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "envpod/exit.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-dns/cmds.h"
#include "tools/pod-dns/policy.h"

struct row {
	const char *name, *decision, *rule, *target, *ports;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 32},
	{"decision", COL_STR, offsetof(struct row, decision), 8},
	{"rule", COL_STR, offsetof(struct row, rule), 32},
	{"target", COL_STR, offsetof(struct row, target), 16},
	{"ports", COL_STR, offsetof(struct row, ports), 8},
	{0},
};

static const char *ports_text(const struct rules_ports *p, char out[128])
{
	size_t n = 0;

	if (p->port[0] == 0)
		return "80,443";
	for (unsigned i = 0; i < NAMES_PORTS && p->port[i]; i++)
		n += (size_t)snprintf(out + n, 128 - n, "%s%u", i ? "," : "", p->port[i]);
	return out;
}

static const char *target_text(const struct rules_target *t, char out[NAME_TEXT_MAX])
{
	return t->is_name ? name_text(&t->name, out) : address_text(&t->address, out);
}

/* true when the name may be resolved. */
static bool print(struct out *out, const struct rules *rules, const char *text, struct err *e)
{
	static const char *const decisions[] = {"allow", "deny", "remap"};
	char rule[RULES_TEXT_MAX], target[NAME_TEXT_MAX], ports[128];
	struct verdict v;
	struct name n;
	struct row row = {.name = text};

	if (name_from_text(&n, text, strlen(text)) < 0) {
		err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "'%.300s' is no name", esc(text));
		return false;
	}
	rules_judge(rules, &n, &v);
	row.decision = decisions[v.decision];
	row.rule = verdict_text(rules, &v, rule);
	if (v.decision == DECISION_REMAP)
		row.target = target_text(v.target, target);
	if (v.decision != DECISION_DENY)
		row.ports = ports_text(&v.ports, ports);
	out_row(out, &row);
	return v.decision != DECISION_DENY;
}

/* Names one a line; blank lines are passed over. */
static bool print_lines(struct out *out, const struct rules *rules, struct err *e)
{
	OWN_FREE char *line = NULL;
	size_t size = 0;
	bool all = true;

	while (getline(&line, &size, stdin) > 0 && !e->msg[0]) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line)
			all &= print(out, rules, line, e);
	}
	return all;
}

struct rules *rules_of_pod(const char *name, struct pod *pod, struct plan *plan, struct err *e)
{
	OWN_FD int dir = -1;
	int64_t next;

	if (pod_check_caller(e) < 0 || pod_open(pod, name, e) < 0 || plan_open(plan, pod, e) < 0)
		return NULL;
	dir = policy_open(pod, e);
	return dir < 0 ? NULL : policy_load(plan, dir, time(NULL), &next, e);
}

int cmd_check(int argc, char **argv)
{
	OWN(pod_finish) struct pod pod = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	bool json = false, from_stdin = false, all = true;
	struct err e = {0};
	struct out out = {.cols = cols};
	struct rules *rules;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a name"},
		{OPT_FLAG, 0, "stdin", &from_stdin, NULL,
		 "read names from standard input, one a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-dns check [OPTION]... POD [NAME]...",
					"Say what would become of names, and by which rule.", 1, 0,
					0};
	int n = opt_parse(opts, &usage, argc, argv);

	if ((n == 1) != from_stdin)
		die(POD_EXIT_USAGE, "give names, or --stdin (see pod-dns check --help)");
	rules = rules_of_pod(argv[0], &pod, &plan, &e);
	if (!rules)
		return say_err(&e);
	out.form = json ? OUT_JSON : OUT_TEXT;
	for (int i = 1; i < n && !e.msg[0]; i++)
		all &= print(&out, rules, argv[i], &e);
	if (from_stdin)
		all &= print_lines(&out, rules, &e);
	rules_free(rules);
	if (e.msg[0])
		return say_err(&e);
	return say_end(all ? POD_EXIT_OK : POD_EXIT_NO);
}
