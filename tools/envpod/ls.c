/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"

struct row {
	const char *name, *status, *user, *network, *base, *used_up, *created_at;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 20},
	{"status", COL_STR, offsetof(struct row, status), 8},
	{"user", COL_STR, offsetof(struct row, user), 12},
	{"network", COL_STR, offsetof(struct row, network), 9},
	{"base", COL_STR, offsetof(struct row, base), 8},
	{"used_up", COL_STR, offsetof(struct row, used_up), 8},
	{"created_at", COL_STR, offsetof(struct row, created_at), 27},
	{0},
};

/* Budgets that are: "cpu,network"; NULL: none, or who could tell. */
static const char *used_up(const struct pod *p, const struct plan *pl, struct buf *to)
{
	struct budgets b;
	struct err ignored = {0};

	if (budgets_load(&b, p, pl, &ignored) < 0)
		return NULL;
	for (int k = 0; k < BUDGETS; k++)
		if (budget_is_up(&b, (enum budget)k))
			buf_fmt(to, "%s%s", to->len ? "," : "", budget_kinds[k].word);
	return to->len ? to->data : NULL;
}

static void one(struct out *o, const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	OWN_BUF struct buf budgets = BUF_INIT;
	struct row row = {.name = name, .status = "broken"};
	struct err e = {0};
	char created[64], base[POD_NAME_MAX + 2];

	if (pod_open(&p, name, &e) == 0 && plan_open(&pl, &p, &e) == 0) {
		row.status = front_state(&p);
		row.user = plan_str(&pl, "run.user", NULL);
		row.network = plan_str(&pl, "network", NULL);
		row.used_up = used_up(&p, &pl, &budgets);
		if (read_line_at(p.dir, "base", base, sizeof(base)) == 0)
			row.base = base;
		if (read_line_at(p.dir, "created", created, sizeof(created)) == 0)
			row.created_at = created;
	}
	out_row(o, &row);
}

int cmd_ls(int argc, char **argv)
{
	bool json = false, nul = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{OPT_FLAG, 'z', "null", &nul, NULL, "names alone, each ended by NUL"},
		{0},
	};
	const struct opt_usage usage = {"envpod ls [OPTION]... [POD]...", "List pods.", 0, 0, 0};
	OWN_STRV struct strv names = {0};
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv);
	struct out o = {.form = json ? OUT_JSON : nul ? OUT_NUL : OUT_TEXT, .cols = cols};

	if (front_names(&names, &e) < 0)
		return say_err(&e);
	for (int i = 0; i < n; i++)
		if (!strv_has(&names, argv[i])) {
			say_error("there is no pod named %s", argv[i]);
			return POD_EXIT_FAILED;
		}
	for (size_t i = 0; i < (n ? (size_t)n : names.n); i++)
		one(&o, n ? argv[i] : names.v[i]);
	return POD_EXIT_OK;
}
