/* SPDX-License-Identifier: Apache-2.0 */
/* What only the host can tell of a clone that was probed. */
#ifndef ENVPOD_JUDGE_H
#define ENVPOD_JUDGE_H

#include "libcommon/plan.h"
#include "tools/envpod/planted.h"
#include "tools/envpod/verdicts.h"

/* The limits that the kernel has for the clone's groups. */
void judge_limits(struct checks *c, const char *pod);
/* Ways out by which the stage was reached in this pass, whatever came back. */
void judge_ways(struct checks *c, enum pass pass, const char *reached);
/* Files that the pod wrote and that lie on the host: they are removed. */
void judge_marks(struct checks *c, enum pass pass, const struct planted *p, const struct plan *pl);
/* Families that the pod has not: held where the kernel of this host does have them. */
void judge_sockets(struct checks *c);
/* The finding and the key that are behind each hole of this pod; to be called last. */
void judge_causes(struct checks *c, const struct plan *pl);
/* Do runs that say nothing have the pod's root, where the pod belongs to a plain user? */
void judge_user(struct checks *c, const struct plan *pl);

#endif
