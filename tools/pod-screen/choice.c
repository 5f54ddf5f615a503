/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/path.h"
#include "tools/pod-screen/choice.h"
#include "tools/pod-screen/compiled.h"

static int switch_off(const struct strv *names, struct ruleset *set, struct err *e)
{
	for (size_t n = 0; n < names->n; n++) {
		size_t i = 0;

		while (i < set->n && strcmp(set->rules[i].name, names->v[n]) != 0)
			i++;
		if (i == set->n)
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "no rule is called %s (pod-screen rules lists them)",
					  esc(names->v[n]));
		set->rules[i].off = true;
	}
	return 0;
}

/* What does not count is not even compiled. */
static int limit(const struct choice *c, struct ruleset *set, struct err *e)
{
	unsigned categories = c->categories.n ? 0 : UINT_MAX;
	int least = 0;

	for (size_t i = 0; i < c->categories.n; i++) {
		const int n = word_index(category_names, CATEGORIES, c->categories.v[i]);

		if (n < 0)
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "%s is no category: injection, credentials, "
					  "exfiltration, pii",
					  esc(c->categories.v[i]));
		categories |= 1u << n;
	}
	if (c->severity) {
		least = word_index(severity_names, SEVERITIES, c->severity);
		if (least < 0)
			return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
					  "%s is no severity: low, medium, high, critical",
					  esc(c->severity));
	}
	for (size_t i = 0; i < set->n; i++)
		if (!(categories >> set->rules[i].category & 1) ||
		    (int)set->rules[i].severity < least)
			set->rules[i].off = true;
	return 0;
}

/* Our own rules, all of them: what is asked for mostly. */
static bool is_usual(const struct choice *c)
{
	return !c->files.n && !c->off.n && !c->categories.n && !c->severity && !c->tested;
}

int choice_load(const struct choice *c, struct ruleset *set, struct screen *s, struct err *e)
{
	int r;

	if (is_usual(c) && compiled_get(set, s))
		return 0;
	r = rules_builtin(set, e);
	for (size_t i = 0; r == 0 && i < c->files.n; i++)
		r = rules_read(set, c->files.v[i], e);
	if (r == 0)
		r = switch_off(&c->off, set, e);
	if (r == 0)
		r = limit(c, set, e);
	if (r == 0)
		r = screen_init(s, set, e);
	if (r == 0 && is_usual(c))
		compiled_put(set, s);
	return r;
}

void choice_finish(struct choice *c)
{
	strv_finish(&c->files);
	strv_finish(&c->off);
	strv_finish(&c->categories);
}
