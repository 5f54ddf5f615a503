/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule's firing does: a process of its own for each, by the tools that anybody would use. */
#ifndef POD_MONITOR_DEED_H
#define POD_MONITOR_DEED_H

#include <sys/types.h>

#include "libcommon/plan.h"
#include "tools/pod-monitor/numbers.h"
#include "tools/pod-monitor/policy.h"

struct deed {
	const struct pod *pod;
	const struct plan *plan;
	const struct rule *rule;
	const struct sample *sample; /* that it fired at; NULL: unknown */
	size_t again;                /* 0: all is to be done */
};

/*
 * Do all responses of the rule, in their order, each with its event.  The pid, or -errno.  Its exit
 * status is the first of those that bind the pod (freeze, restrict, kill) that failed, counted from
 * 1: as `again`, those from there on are done once more, with an event when they succeed.
 */
pid_t deed_start(const struct deed *d, struct err *e);

/* Say on record that a rule, or a policy, is not what it should be. */
void deed_tell(const struct pod *pod, const char *event, const char *rule, const char *reason);

#endif
