/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule is told once for each time it begins to hold, and again if we are killed just then.  What
 * it goes by is in the state, which outlives this process: it dies of a program that takes too
 * much, and the next one goes on with the rules behind that.
 */
#include "tools/pod-monitor/engine.h"

#include <string.h>

#include "libcommon/when.h"
#include "tools/pod-monitor/condition.h"
#include "tools/pod-monitor/program.h"

#define SECOND 1000000000ull

static bool compile_one(struct engine *e, size_t i, const char *text, struct jq_state **to)
{
	if (!text || e->state->rules[i].off)
		return true;
	*to = program_compile(text);
	e->programs = true;
	if (!*to)
		e->tell(e->arg, VERDICT_BROKEN, i);
	return *to;
}

/* What was seen before this process began. */
static void fill_window(struct engine *e)
{
	for (uint32_t i = 0; e->programs && i < e->state->n; i++)
		e->window = jv_array_append(e->window, sample_value(state_at(e->state, i), e->pod));
}

bool engine_init(struct engine *e)
{
	e->window = jv_array();
	for (size_t i = 0; i < e->policy->n; i++)
		if (!compile_one(e, i, e->policy->rules[i].when, &e->when[i]) ||
		    !compile_one(e, i, e->policy->rules[i].clear, &e->clear[i]))
			return false;
	fill_window(e);
	return true;
}

void engine_finish(struct engine *e)
{
	for (size_t i = 0; i < RULES_MAX; i++) {
		program_free(e->when[i]);
		program_free(e->clear[i]);
	}
	jv_free(e->window);
	events_finish(&e->events);
}

/* --- events --- */

static uint64_t time_of(const char *text, size_t len)
{
	const char *at = memmem(text, len < 64 ? len : 64, "\"ts\":\"", 6);
	char ts[40] = "";
	int64_t us;

	if (at && (size_t)(text + len - at) > 6 + 27) {
		memcpy(ts, at + 6, 27);
		if (when_parse(ts, &us) == 0 && us > 0)
			return (uint64_t)us * 1000;
	}
	return 0;
}

void engine_event(struct engine *e, const char *text, size_t len)
{
	uint64_t ns = time_of(text, len);
	struct line l;

	line_read(&l, text, len);
	if (ns)
		e->ns = ns;
	if (e->seen)
		e->seen(e->arg, &l);
	/*
	 * Our own word would keep a rule about events going for ever; and what runs is told of so
	 * often that it would be most of what is counted, and crowd out the rest.
	 */
	if (strcmp(l.src, "monitor") == 0 || strcmp(l.src, "trace") == 0)
		return;
	condition_count(e->state, e->ns);
	for (size_t i = 0; i < e->policy->n; i++)
		if (condition_event(&e->policy->rules[i].condition, &e->state->rules[i], &l, e->ns))
			e->met[i] = true;
	if (e->programs)
		events_keep(&e->events, text, len);
}

/* --- a look --- */

static int run(struct engine *e, size_t i, struct jq_state *program, jv input)
{
	struct rule_state *rs = &e->state->rules[i];
	int r;

	e->state->running = (uint32_t)i + 1;
	r = program_run(program, jv_copy(input));
	e->state->running = 0;
	if (r < 0 && !rs->failed) {
		rs->failed = 1;
		e->tell(e->arg, VERDICT_FAILS, i);
	} else if (r >= 0)
		rs->failed = 0;
	return r;
}

static bool holds(struct engine *e, size_t i, const struct sample *sample, jv input)
{
	if (e->when[i])
		return run(e, i, e->when[i], input) > 0;
	return condition_holds(&e->policy->rules[i].condition, e->state, sample, e->met[i]);
}

static void judge_quiet(struct engine *e, size_t i, const struct sample *sample, jv input)
{
	struct rule_state *rs = &e->state->rules[i];

	if (!holds(e, i, sample, input)) {
		rs->since_ns = 0;
		return;
	}
	if (!rs->since_ns || rs->since_ns > sample->ns) /* the clock may be set back */
		rs->since_ns = sample->ns;
	if (sample->ns - rs->since_ns < e->policy->rules[i].for_s * SECOND)
		return;
	e->tell(e->arg, VERDICT_FIRES, i); /* first: who is killed here says it twice, not never */
	rs->firing = 1;
	rs->fired_ns = sample->ns;
	rs->times++;
}

static void judge_firing(struct engine *e, size_t i, const struct sample *sample, jv input)
{
	struct rule_state *rs = &e->state->rules[i];
	bool over = e->clear[i] ? run(e, i, e->clear[i], input) > 0 : !holds(e, i, sample, input);

	if (!over)
		return;
	rs->firing = 0;
	rs->since_ns = 0;
	e->tell(e->arg, VERDICT_CLEARS, i);
}

/* {"sample","window","events"} */
static jv make_input(struct engine *e, const struct sample *sample)
{
	jv value = sample_value(sample, e->pod), input = jv_object();
	int n, keep = (int)e->state->n;

	if (e->events.cut)
		e->tell(e->arg, VERDICT_CUTS, 0);
	e->window = jv_array_append(e->window, jv_copy(value));
	n = jv_array_length(jv_copy(e->window));
	if (n > keep)
		e->window = jv_array_slice(e->window, n - keep, n);
	input = jv_object_set(input, jv_string("sample"), value);
	input = jv_object_set(input, jv_string("window"), jv_copy(e->window));
	return jv_object_set(input, jv_string("events"), events_take(&e->events));
}

void engine_look(struct engine *e, const struct sample *sample)
{
	struct state *s = e->state;
	jv input;

	/* Cut off by a program: the sample is that look's, taken again. */
	if (s->looking && s->n)
		s->n--;
	s->looking = 1;
	state_push(s, sample);
	input = e->programs ? make_input(e, sample) : jv_null();
	for (size_t i = s->done; i < e->policy->n; i++) {
		struct rule_state *rs = &s->rules[i];

		if (!rs->off)
			(rs->firing ? judge_firing : judge_quiet)(e, i, sample, input);
		s->done = (uint32_t)i + 1;
	}
	jv_free(input);
	memset(e->met, 0, sizeof(e->met));
	s->done = 0;
	s->looking = 0;
}
