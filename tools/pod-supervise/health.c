/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/health.h"

#include <stddef.h>
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/commands.h"

struct row {
	const char *check, *state, *since, *reason;
	uint64_t failures;
};

static const struct col cols[] = {
	{"check", COL_STR, offsetof(struct row, check), 16},
	{"state", COL_STR, offsetof(struct row, state), 8},
	{"since", COL_STR, offsetof(struct row, since), 24},
	{"failures", COL_U64, offsetof(struct row, failures), 8},
	{"reason", COL_STR, offsetof(struct row, reason), 0},
	{0},
};

int cmd_health(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct out o = {.cols = cols};
	struct health h;
	struct err e = {0};
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-supervise health [--json] POD",
					"List a pod's checks of health: status 0 if all pass.", 1,
					1, 0};

	opt_parse(opts, &usage, argc, argv);
	o.form = json ? OUT_JSON : OUT_TEXT;
	if (pod_open(&p, argv[0], &e) < 0)
		return say_err(&e);
	if (!health_read(&h, &p))
		return POD_EXIT_NO;
	for (int i = 0; i < h.n; i++) {
		const struct health_check *c = &h.v[i];
		struct row row = {c->name, health_state(c->state), c->since,
				  *c->reason ? c->reason : NULL, c->failures};

		out_row(&o, &row);
	}
	return say_end(h.state == HEALTH_PASSING ? POD_EXIT_OK : POD_EXIT_NO);
}
