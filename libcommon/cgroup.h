/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control groups of a pod, whatever hierarchies the host has (KERNEL-NOTES 10).
 *
 *	v2   TOP/GROUP/{app,guardian}   always made where cgroup2 is mounted: freeze, kill and
 *	                                cgroup.events need no controller; limits stand on GROUP
 *	v1   TOP/GROUP                  only in the hierarchies of the controllers a limit needs
 *
 * TOP is "envpod" ($ENVPOD_CGROUP); GROUP is the pod's name, with "@HASH" of the run directory
 * behind it when that is not the default one, so that several state directories can coexist.
 */
#ifndef LIBCOMMON_CGROUP_H
#define LIBCOMMON_CGROUP_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"

struct cgroup {
	int v2;       /* app/ or guardian/, for CLONE_INTO_CGROUP; -1: no writable cgroup2 here */
	int procs[8]; /* cgroup.procs of the v1 groups; the child writes itself into each */
	size_t nprocs;
	uint64_t oom_before; /* cgroup_oom_count() when it was opened */
};

#define CGROUP_INIT      \
	{                \
		.v2 = -1 \
	}

/*
 * Open the pod's groups, making what is missing.  The plan's limits are applied when nothing
 * lives in them (or a group is new), and only where they differ: a live pod keeps what
 * `pod-limit set` gave it.  Status 77 when a limit is asked for and no controller can drive it; 75
 * when the pod is frozen, since what is born there would not run.
 */
int cgroup_open(struct cgroup *cg, const char *pod, const struct plan *pl, struct err *e);
/* The same, but for a process that belongs in guardian/, which goes on while app/ is frozen. */
int cgroup_open_guardian(struct cgroup *cg, const char *pod, const struct plan *pl, struct err *e);
void cgroup_finish(struct cgroup *cg);

/* Join the v1 groups: by the child itself, before unshare(CLONE_NEWCGROUP).  0 or -errno. */
int cgroup_enter_v1(const struct cgroup *cg);

/* How many processes the kernel has killed for want of memory in the pod's group; 0 when unknown.
 */
uint64_t cgroup_oom_count(const char *pod);

/* Apply the plan's limits now, also to a live pod (pod-limit apply). */
int cgroup_apply(const char *pod, const struct plan *pl, struct err *e);

/* Apply the keys this plan holds and leave the others alone (pod-limit set). */
int cgroup_set(const char *pod, const struct plan *pl, struct err *e);

/* Remove the pod's groups everywhere.  0 when none is left; EBUSY, status 75, while processes live.
 */
int cgroup_remove(const char *pod, struct err *e);

#endif
