/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where limits are set, /proc/{cpuinfo,stat,meminfo} and /sys/devices/system/cpu show them instead
 * of the host's.  The files lie on a small tmpfs of the init's and are bound over the kernel's; the
 * init writes them anew every second.
 *
 * uptime and loadavg stay the kernel's: no limit changes them, and ps tells the age of a process
 * from uptime and from a start time that counts from the host's boot.
 */
#ifndef POD_EXEC_SHOWN_H
#define POD_EXEC_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/cgroup.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "tools/pod-exec/figures.h"

enum shown_file { SHOWN_CPUINFO, SHOWN_STAT, SHOWN_MEMINFO, SHOWN_FILES };

struct shown {
	bool cpu_limited;
	uint64_t memory; /* bytes, 0: not limited */
	struct cpus cpus;
	int usage;                              /* the control group's memory in use, -1: unknown */
	int from[SHOWN_FILES], to[SHOWN_FILES]; /* -1: this file stays the kernel's */
};

/* What the plan limits.  On the host, before the init is born: finds its control groups' files. */
void shown_init(struct shown *s, const struct plan *pl, const struct cgroup *cg);
void shown_finish(struct shown *s);
bool shown_any(const struct shown *s);

/* Make the files in the (attached) directory dir and bind them over those of proc and sys. */
int shown_build(struct shown *s, int dir, int proc, int sys, struct err *e);

/* Write them anew; async-signal-safe. */
void shown_refresh(const struct shown *s);

#endif
