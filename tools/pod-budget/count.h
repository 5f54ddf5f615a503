/* SPDX-License-Identifier: Apache-2.0 */
/* Counting on from what was read last: of the pod's init, its groups, its network. */
#ifndef POD_BUDGET_COUNT_H
#define POD_BUDGET_COUNT_H

#include <stdbool.h>

#include "libcommon/budget.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/counters.h"

struct count {
	const struct pod *pod;
	struct ledger ledger;
	struct cgtree groups;
	struct counters_all pages;
	struct counters *net;
	int init; /* pidfd of the live init, -1: none lives */
};

#define COUNT_INIT                                \
	{                                         \
		.groups = CGTREE_INIT, .init = -1 \
	}

int count_open(struct count *c, const struct pod *p, struct err *e);
void count_finish(struct count *c);
/* Bring the ledger up to now; true while the pod lives. */
bool count_now(struct count *c);

/* What was read now follows on `last`, or begins anew at zero where it is smaller; 0 or more. */
static inline uint64_t count_step(uint64_t last, uint64_t now)
{
	return now >= last ? now - last : now;
}

#endif
