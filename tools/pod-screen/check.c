/* SPDX-License-Identifier: Apache-2.0 */
/* Rules bring their tests along; here they are run. */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-screen/choice.h"
#include "tools/pod-screen/cmds.h"

struct check {
	struct screen screen;
	struct ruleset set;
	unsigned rules, tests, failed;
};

static bool is_hit(struct check *c, const struct rule *rule, const char *text)
{
	struct hits hits = {0};
	bool hit = false;

	screen_text(&c->screen, text, strlen(text), 0, NULL, &hits);
	for (size_t i = 0; i < hits.n; i++)
		hit |= hits.v[i].rule == rule;
	hits_finish(&hits);
	return hit;
}

static void run_tests(struct check *c, const struct rule *rule, const struct strv *texts, bool want)
{
	for (size_t i = 0; i < texts->n; i++) {
		c->tests++;
		if (is_hit(c, rule, texts->v[i]) == want)
			continue;
		c->failed++;
		printf("%s:%u:%u: %s %s: %.200s\n", esc(rule->file), rule->line, rule->column,
		       rule->name, want ? "does not hit" : "hits what is clean", esc(texts->v[i]));
	}
}

static bool is_asked(const struct rule *rule, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(rule->file, argv[i]) == 0)
			return !rule->off;
	return argc == 0 && !rule->off;
}

int cmd_check(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-screen check [FILE]...",
		"Check files of rules and run the tests in them; without a FILE, our own.", 0, 0,
		0};
	struct choice choice = {.tested = true};
	struct check c = {0};
	struct err e = {0};
	int r;

	argc = opt_parse(opts, &usage, argc, argv);
	for (int i = 0; i < argc; i++)
		strv_add(&choice.files, argv[i]);
	r = choice_load(&choice, &c.set, &c.screen, &e);
	for (size_t i = 0; r == 0 && i < c.set.n; i++) {
		const struct rule *rule = &c.set.rules[i];

		if (!is_asked(rule, argc, argv))
			continue;
		c.rules++;
		run_tests(&c, rule, &rule->hits, true);
		run_tests(&c, rule, &rule->cleans, false);
	}
	screen_finish(&c.screen);
	rules_finish(&c.set);
	choice_finish(&choice);
	if (r < 0)
		return say_err(&e);
	printf("%u rules, %u tests, %u failed\n", c.rules, c.tests, c.failed);
	return say_end(c.failed ? POD_EXIT_NO : POD_EXIT_OK);
}
