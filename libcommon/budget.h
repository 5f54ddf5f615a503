/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod may use up in all: how much that is (plan, and what a person granted since), and how
 * much it has used (pods/NAME/usage, written by `pod-budget meter`).
 *
 *     pods/NAME/usage    totals of all times, and the readings they go on from
 *     pods/NAME/budget   what a person added ("duration.extra N"), and which totals were forgiven
 *
 * Both are "KEY N" lines behind a first line that names the format; amounts are in the units below.
 */
#ifndef LIBCOMMON_BUDGET_H
#define LIBCOMMON_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

enum budget {
	BUDGET_DURATION,
	BUDGET_CPU,
	BUDGET_NETWORK,
	BUDGET_REQUESTS,
	BUDGET_TOKENS,
	BUDGETS
};

enum budget_form { FORM_TIME, FORM_BYTES, FORM_COUNT };

struct budget_kind {
	const char *word; /* as a person says it */
	const char *plan; /* its line: "budget.duration" */
	enum budget_form form;
	uint64_t unit; /* of what the plan counts, so many make one: milliseconds, microseconds */
};
extern const struct budget_kind budget_kinds[BUDGETS];

/* -1: no such word. */
int budget_find(const char *word);

enum budget_action { BUDGET_STOP, BUDGET_FREEZE, BUDGET_ALERT };

struct ledger {
	uint64_t total[BUDGETS];
	uint64_t raw[BUDGETS]; /* of the group and the counters: what they said last */
	uint64_t group;        /* which group that was: its inode */
	uint64_t pid, start;   /* the init whose time is counted */
	uint64_t counted_ms;   /* as far as this: CLOCK_BOOTTIME */
	uint64_t boot;         /* of this boot: a number made of its id */
	uint64_t warned, told; /* a bit for each budget: said already */
	uint64_t froze;        /* we froze the pod */
};

struct grants {
	uint64_t extra[BUDGETS], forgiven[BUDGETS];
};

/* Files that are not there are all 0; status 78 for what we did not write. */
int ledger_read(struct ledger *l, const struct pod *p, struct err *e);
int ledger_write(const struct ledger *l, const struct pod *p, bool sync, struct err *e);
int grants_read(struct grants *g, const struct pod *p, struct err *e);
int grants_write(const struct grants *g, const struct pod *p, struct err *e);
/* The parser of both, for a fuzz target: values of the names it knows; -EINVAL. */
int ledger_parse(struct ledger *l, const char *text, size_t len);
int grants_parse(struct grants *g, const char *text, size_t len);

struct budgets {
	uint64_t limit[BUDGETS]; /* 0: none */
	uint64_t used[BUDGETS], warn_at[BUDGETS];
	enum budget_action action;
	uint64_t grace_s;
	bool renewable;
};

/* Put together. */
void budgets_make(struct budgets *b, const struct plan *pl, const struct ledger *l,
		  const struct grants *g);
bool budgets_any(const struct budgets *b);
static inline bool budget_is_up(const struct budgets *b, enum budget k)
{
	return b->limit[k] && b->used[k] >= b->limit[k];
}

/* As things stand on disk, with the time of the run at hand.  -errno with e set. */
int budgets_load(struct budgets *b, const struct pod *p, const struct plan *pl, struct err *e);
/* May the pod run?  If not: status 3, and how to let it. */
int budgets_check(const struct pod *p, const struct plan *pl, struct err *e);

/* An amount as a person writes it, in our unit; -EINVAL, -ERANGE. */
int budget_amount(enum budget k, const char *text, uint64_t *amount);
/* "1h2m3s", "12.0M", "17". */
#define BUDGET_TEXT 32
const char *budget_text(enum budget k, uint64_t amount, char out[BUDGET_TEXT]);

/* CLOCK_BOOTTIME in milliseconds, and this boot's number. */
uint64_t budget_now(void);
uint64_t budget_boot(void);
/* When a process with this start time (field 22 of its stat) began, on the same clock. */
uint64_t budget_began(uint64_t start);

#endif
