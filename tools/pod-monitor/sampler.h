/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sampler: reads what the pod uses and what is written about it, judges the rules, and tells
 * the arm which of them fires.  It opens nothing, and runs as nobody.
 */
#ifndef POD_MONITOR_SAMPLER_H
#define POD_MONITOR_SAMPLER_H

#include "libcommon/counters.h"
#include "tools/pod-monitor/engine.h"
#include "tools/pod-monitor/tail.h"

/* What it is given, all of it open. */
struct source {
	struct usage_files usage;
	uint64_t group; /* a number for the pod's groups; others count from zero; 0: there are none
			 */
	struct tail tail;
	struct counters_all counters; /* all NULL where nobody counts */
};

/* Numbers alone pass from the sampler to the arm, in one piece. */
struct told {
	uint32_t verdict, rule;
};

struct sampler {
	struct engine engine;
	struct source *source;
	int out;                      /* struct told */
	int control;                  /* its end is ours */
	uint64_t seen[SAMPLE_FIELDS]; /* counted in the look at hand */
};

/* Take one sample: totals go on from the state's, with what was seen since. */
void sampler_sample(struct sample *out, struct state *s, const struct source *from,
		    const uint64_t seen[SAMPLE_FIELDS]);

/* Until the arm is gone.  Does not return. */
void sampler_run(struct sampler *s, uid_t uid) __attribute__((noreturn));

/* Count an event for the totals. */
void sampler_count(uint64_t totals[SAMPLE_FIELDS], const struct line *l);

#endif
