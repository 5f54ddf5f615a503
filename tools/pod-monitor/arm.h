/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm: root, keeps a sampler alive, and does what a rule says when it is told the rule's
 * number.  It reads nothing a pod has written.
 */
#ifndef POD_MONITOR_ARM_H
#define POD_MONITOR_ARM_H

#include "libcommon/cgroup_tree.h"
#include "libcommon/loop.h"
#include "libcommon/plan.h"
#include "tools/pod-monitor/named.h"
#include "tools/pod-monitor/sampler.h"

struct arm {
	struct pod pod;
	struct plan plan;
	struct policy policy;
	struct named named; /* which may be where the policy is from */
	struct state *state;
	uid_t uid; /* of the sampler */
	int hold;  /* nobody else watches the pod */
	int audit;
	struct loop loop;
	struct watch signals, log, live, told; /* live: the policy's directory */
	pid_t sampler;                         /* -1: reaped */
	int ended;                             /* how the last one did, as wait(2) says it */
	int control;                           /* held while the sampler shall live */
	bool was_ready;                        /* once, with this policy */
	bool stale;                            /* the policy has changed */
	int ready_fd;                          /* who started us hears of it; -1 */
	unsigned deaths;                       /* since a look has ended */
	uint64_t began_ns;                     /* the newest sample when the last one began */
	int64_t tell_ms;                       /* no word of a death before */
	int64_t cut_ms;                        /* no word of events that were cut before */
	int64_t again_ms;                      /* not to be started before */
	struct counters *net;                  /* what passed the pod's own link is counted here */
	struct source source;                  /* of the sampler at work */
	pid_t deeds[RULES_MAX];
	int64_t retry_ms[RULES_MAX]; /* when to try again what failed; 0: nothing did */
	size_t again[RULES_MAX];     /* of what failed, as a deed's */
	pid_t walker;                /* measures the disk */
	int64_t walk_ms;
	int status;
};

/* Open all it needs; 0 with arm->policy.n 0 when there is nothing to do. */
int arm_open(struct arm *a, const char *pod, struct err *e);
/* Until SIGTERM: an exit status. */
int arm_run(struct arm *a, struct err *e);
void arm_finish(struct arm *a);

#endif
