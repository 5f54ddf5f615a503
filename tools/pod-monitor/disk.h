/* SPDX-License-Identifier: Apache-2.0 */
/* How much a pod's writable layer holds. */
#ifndef POD_MONITOR_DISK_H
#define POD_MONITOR_DISK_H

#include <sys/types.h>

#include "tools/pod-monitor/state.h"

/* By the pod's quota, where it has one: into the state.  False: nobody counts. */
bool disk_quota(const struct pod *p, struct state *s);
/* In a process of its own, which puts the number into the state; its pid, or 0. */
pid_t disk_measure(const struct pod *p, struct state *s);

/* The bytes of a tree; SAMPLE_UNKNOWN for one of more than `most` entries, or that cannot be read.
 */
uint64_t disk_walk(int dir, const char *name, uint64_t most);

#endif
