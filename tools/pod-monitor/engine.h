/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over samples and events: what holds, and what thereby fires. */
#ifndef POD_MONITOR_ENGINE_H
#define POD_MONITOR_ENGINE_H

#include <jv.h>

#include "tools/pod-monitor/events.h"
#include "tools/pod-monitor/line.h"
#include "tools/pod-monitor/policy.h"
#include "tools/pod-monitor/state.h"

enum verdict {
	VERDICT_FIRES,  /* once, when it begins to hold */
	VERDICT_CLEARS, /* it may fire again */
	VERDICT_FAILS,  /* its program ends with an error; said once */
	VERDICT_READY,  /* all programs are compiled; of no rule */
	VERDICT_BROKEN, /* this rule's is none */
	VERDICT_OFF,    /* it was too much: the process that ran it is dead */
	VERDICT_CUTS,   /* events were too large: programs see the heads; of no rule */
	VERDICT_WRONG,  /* what was read is neither sample nor event (test) */
	VERDICTS,
};

struct engine {
	const struct policy *policy;
	struct state *state;
	const char *pod;
	void (*tell)(void *arg, enum verdict verdict, size_t rule);
	void *arg;
	struct jq_state *when[RULES_MAX], *clear[RULES_MAX];
	bool programs;       /* there is one: values are made for it */
	bool met[RULES_MAX]; /* by an event since the last look */
	jv window;
	struct events events;                          /* since the last look */
	uint64_t ns;                                   /* of the newest event */
	void (*seen)(void *arg, const struct line *l); /* of each event; NULL: nobody counts */
};

/* Compile what the policy has.  False when a rule is broken, which was told. */
bool engine_init(struct engine *e);
void engine_finish(struct engine *e);

/* An event, as a line of the log without its newline. */
void engine_event(struct engine *e, const char *text, size_t len);
/* Put the sample into the window and judge all rules. */
void engine_look(struct engine *e, const struct sample *sample);

#endif
