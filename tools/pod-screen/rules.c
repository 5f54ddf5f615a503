/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/out.h"
#include "libcommon/say.h"
#include "tools/pod-screen/choice.h"
#include "tools/pod-screen/cmds.h"

struct row {
	const char *name, *category, *severity, *about;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 28},
	{"category", COL_STR, offsetof(struct row, category), 12},
	{"severity", COL_STR, offsetof(struct row, severity), 8},
	{"about", COL_STR, offsetof(struct row, about), 0},
	{0},
};

int cmd_rules(int argc, char **argv)
{
	struct choice choice = {0};
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		CHOICE_OPTS(choice),
		{0},
	};
	const struct opt_usage usage = {"pod-screen rules [OPTION]...", "List the rules.", 0, 0, 0};
	struct ruleset set = {0};
	struct screen screen = {0};
	struct err e = {0};
	struct out out = {.cols = cols};
	int r;

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "rules takes no argument (usage: %s)", usage.line);
	out.form = json ? OUT_JSON : OUT_TEXT;
	r = choice_load(&choice, &set, &screen, &e);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		const struct rule *rule = &set.rules[i];
		const struct row row = {rule->name, category_names[rule->category],
					severity_names[rule->severity], rule->about};

		if (!rule->off)
			out_row(&out, &row);
	}
	screen_finish(&screen);
	rules_finish(&set);
	choice_finish(&choice);
	return r < 0 ? say_err(&e) : say_end(POD_EXIT_OK);
}
