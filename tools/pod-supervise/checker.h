/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who looks after a pod's health while its background run lives: a child of the run's supervisor,
 * which it asks by SIGUSR1 to start the run again.  It makes probes and reads numbers of them; what
 * a pod says is read by the probes alone.
 */
#ifndef POD_SUPERVISE_CHECKER_H
#define POD_SUPERVISE_CHECKER_H

#include <stdint.h>

#include "libcommon/plan.h"
#include "libcommon/pod.h"

/* What is known of the restarts of a run. */
struct restarts {
	unsigned n;
	unsigned row; /* of these in quick succession */
	int64_t last; /* clock_ms() */
};

/* One more, now. */
void restarts_add(struct restarts *r, int64_t now);
/* When the next may be, at the earliest. */
int64_t restarts_next(const struct restarts *r);

/* Until it is killed.  p and pl stay as they are. */
void checker_run(const struct pod *p, const struct plan *pl, const struct restarts *r)
	__attribute__((noreturn));

#endif
