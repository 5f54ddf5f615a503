/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that monitor.policy names: somebody's, anywhere on the host, written in whatever way an
 * editor writes.  So it is looked at, not watched.
 */
#ifndef POD_MONITOR_NAMED_H
#define POD_MONITOR_NAMED_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"

#define NAMED_MS 500 /* so long it must have been left alone */

struct named_id {
	uint64_t dev, ino, size, ctime_ns; /* all 0: there is none */
};

struct named {
	const char *path; /* of the plan's; NULL: no such file */
	struct named_id known, seen;
	int64_t seen_ms;
};

/* Before it is read. */
void named_init(struct named *n, const struct plan *plan);
/* Is it another file than before, and nobody at it any more?  Said once. */
bool named_changed(struct named *n);
/* It is about to be said. */
bool named_pending(const struct named *n);
/* -EPERM, status 78, where the pod itself may write it. */
int named_check(const char *path, const struct plan *plan, struct err *e);

#endif
