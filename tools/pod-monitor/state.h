/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitor knows, in RUN/NAME/monitor.state, mapped by all its processes: whoever of them is
 * killed, the next one goes on where it was, and what has fired does not fire again.  Numbers only:
 * the arm may read what the sampler wrote.
 */
#ifndef POD_MONITOR_STATE_H
#define POD_MONITOR_STATE_H

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-monitor/numbers.h"
#include "tools/pod-monitor/policy.h"

#define STATE_FILE "monitor.state"
#define WINDOW_S   300
#define WINDOW_MAX (WINDOW_S + 1)

struct rule_state {
	uint8_t firing, off;       /* off: its program was too much */
	uint8_t failed;            /* its program has failed, and that was said */
	uint64_t since_ns;         /* it holds since then; 0: it does not */
	uint64_t fired_ns, times;  /* when last, how often */
	uint64_t begun[STEPS_MAX]; /* of a sequence: when the latest run of so many steps began */
};

struct state {
	uint64_t magic, size;
	uint64_t policy;                /* its number: of other rules nothing is known */
	uint64_t segment, offset;       /* in the audit log: behind what the last look took */
	uint64_t group;                 /* which groups the totals of the groups are of */
	uint64_t before[SAMPLE_FIELDS]; /* what these said last */
	uint64_t totals[SAMPLE_FIELDS];
	uint64_t disk_bytes, disk_limit, disk_ns; /* as the arm measured */
	uint64_t second;                          /* the last one that per_second counts */
	uint32_t per_second[60];                  /* events */
	uint32_t running, done; /* the rule at work, counted from 1; rules done of this look */
	uint32_t looking;       /* a look has begun and is not over */
	uint32_t first, n;      /* of window, a ring */
	struct sample window[WINDOW_MAX];
	struct rule_state rules[RULES_MAX];
};

/* Map the pod's, made anew when missing, or not ours; NULL with e set. */
struct state *state_open(const struct pod *p, struct err *e);
/* Be the only one who watches the pod, for as long as this process lives: a descriptor to keep.
 * -errno with e set, status 75 where another one does. */
int state_hold(const struct pod *p, struct err *e);
/* One that only this process and its children have. */
struct state *state_anonymous(struct err *e);
void state_close(struct state *s);

/* Forget the rules unless they are those of this policy. */
void state_adopt(struct state *s, const struct policy *p);

void state_push(struct state *s, const struct sample *sample);
/* The newest; NULL: none yet. */
const struct sample *state_last(const struct state *s);
/* The i-th, from the oldest. */
const struct sample *state_at(const struct state *s, uint32_t i);

#endif
