/* SPDX-License-Identifier: Apache-2.0 */
/* Ready conditions and the window, by the second. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-monitor/condition.h"
#include "tools/pod-monitor/engine.h"

#define SECOND 1000000000ull
#define START  (1700000000ull * SECOND)

static struct state *s;

static bool seen(const struct condition *c, struct rule_state *rs, const char *event, uint64_t at)
{
	struct line l = {.src = ""};

	strncpy(l.event, event, sizeof(l.event) - 1);
	return condition_event(c, rs, &l, START + at * SECOND);
}

static void test_sequence(void)
{
	struct condition c = {.type = CONDITION_SEQUENCE, .window_s = 10};
	struct rule_state rs = {0};

	for (const char *const *w = (const char *const[]){"a", "b", "a", NULL}; *w; w++)
		strv_add(&c.steps, *w);
	ok(!seen(&c, &rs, "b", 0), "not from the middle");
	ok(!seen(&c, &rs, "a", 1) && !seen(&c, &rs, "a", 2), "one event is one step");
	ok(!seen(&c, &rs, "b", 3) && !seen(&c, &rs, "x", 4), "with anything between");
	ok(seen(&c, &rs, "a", 12), "within the window of the latest beginning");
	ok(!seen(&c, &rs, "b", 13) && !seen(&c, &rs, "a", 23), "not beyond it");
	ok(!seen(&c, &rs, "b", 24) && seen(&c, &rs, "a", 25), "an end is a beginning, too");
	strv_finish(&c.steps);
}

static void test_minute(void)
{
	const struct condition c = {.type = CONDITION_ACTIONS, .limit = 100};
	struct sample at = {.ns = START + 30 * SECOND};

	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 101; i++)
		condition_count(s, START + (uint64_t)(i % 30) * SECOND);
	ok(condition_holds(&c, s, &at, false), "more than the limit in a minute, in any order");
	at.ns = START + 59 * SECOND;
	ok(condition_holds(&c, s, &at, false), "still so");
	at.ns = START + 62 * SECOND;
	ok(!condition_holds(&c, s, &at, false), "the first of them are older than that");
	condition_count(s, START + 1000 * SECOND);
	at.ns = START + 1000 * SECOND;
	ok(!condition_holds(&c, s, &at, false), "long ago is forgotten");
	condition_count(s, START);
	ok(!condition_holds(&c, s, &at, false), "a clock that is set back breaks nothing");
}

static void test_window(void)
{
	struct sample one = {.ns = START};

	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 1000; i++, one.ns += SECOND)
		state_push(s, &one);
	ok(s->n == 301, "five minutes");
	ok(state_at(s, 0)->ns + 300 * SECOND == state_last(s)->ns, "from the oldest to the newest");
	one.ns += 1000 * SECOND;
	state_push(s, &one);
	ok(s->n == 1 && state_last(s)->ns == one.ns, "after a pause nothing old is left");
	one.ns -= 500 * SECOND;
	state_push(s, &one);
	ok(s->n == 1 && state_last(s)->ns == one.ns, "samples of the future go");
}

static int told_early;

static void tell(void *arg, enum verdict verdict, size_t rule)
{
	(void)arg;
	told_early += verdict == VERDICT_FIRES && !s->rules[rule].firing;
}

static void test_told_first(void)
{
	struct rule rule = {.condition = {.type = CONDITION_ACTIONS}};
	const struct policy policy = {.rules = &rule, .n = 1};
	const struct sample at = {.ns = START};
	static struct engine e;

	memset(s, 0, sizeof(*s));
	e = (struct engine){.policy = &policy, .state = s, .tell = tell};
	engine_init(&e);
	condition_count(s, START);
	engine_look(&e, &at);
	ok(told_early == 1 && s->rules[0].firing, "a firing is told before it is noted");
	engine_finish(&e);
}

int main(void)
{
	s = calloc(1, sizeof(*s));
	test_sequence();
	test_minute();
	test_window();
	test_told_first();
	free(s);
	return done_testing();
}
