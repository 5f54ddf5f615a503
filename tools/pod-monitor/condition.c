/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/condition.h"

#include <string.h>

#define SECOND 1000000000ull

static void turn_to(struct state *s, uint64_t second)
{
	if (second > s->second + 60 || second + 60 < s->second)
		memset(s->per_second, 0, sizeof(s->per_second));
	else
		for (uint64_t t = s->second + 1; t <= second; t++)
			s->per_second[t % 60] = 0;
	if (second > s->second || second + 60 < s->second)
		s->second = second;
}

void condition_count(struct state *s, uint64_t ns)
{
	turn_to(s, ns / SECOND);
	s->per_second[s->second % 60]++;
}

static uint64_t in_a_minute(const struct state *s, uint64_t ns)
{
	uint64_t second = ns / SECOND, sum = 0;

	for (uint64_t t = 0; t < 60; t++)
		if (s->second >= t && s->second - t + 60 > second)
			sum += s->per_second[(s->second - t) % 60];
	return sum;
}

/* An action is an event of the log, or what the queue was asked for, by its name or its type. */
static bool is_action(const struct line *l, const char *action)
{
	return strcmp(l->event, action) == 0 ||
	       (l->name[0] && (strcmp(l->name, action) == 0 || strcmp(l->type, action) == 0));
}

/*
 * begun[i] is when the latest run of the first i+1 steps, in their order and with anything between
 * them, began: enough to know the shortest such run that ends here.  Backwards, so that one event
 * is no two steps.
 */
static bool take_step(const struct condition *c, struct rule_state *rs, const struct line *l,
		      uint64_t ns)
{
	size_t last = c->steps.n - 1;
	bool ended = false;

	for (size_t i = c->steps.n; i-- > 0;) {
		if (!is_action(l, c->steps.v[i]))
			continue;
		rs->begun[i] = i ? rs->begun[i - 1] : ns;
		ended |= i == last && rs->begun[last];
	}
	return ended && ns - rs->begun[last] <= c->window_s * SECOND;
}

bool condition_event(const struct condition *c, struct rule_state *rs, const struct line *l,
		     uint64_t ns)
{
	if (c->type == CONDITION_ACTION)
		return is_action(l, c->steps.v[0]);
	return c->type == CONDITION_SEQUENCE && take_step(c, rs, l, ns);
}

static bool is_beyond(const struct condition *c, const struct sample *sample)
{
	uint64_t percent = sample->v[c->field];

	return percent != SAMPLE_UNKNOWN && percent != SAMPLE_NO_MAX && percent >= c->percent;
}

bool condition_holds(const struct condition *c, const struct state *s, const struct sample *sample,
		     bool met)
{
	if (c->type == CONDITION_ACTIONS)
		return in_a_minute(s, sample->ns) > c->limit;
	return c->type == CONDITION_RESOURCE ? is_beyond(c, sample) : met;
}
