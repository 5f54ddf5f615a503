/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an executor something, and hearing its answer. */
#ifndef POD_QUEUE_DEED_H
#define POD_QUEUE_DEED_H

#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/verdict.h"

#define DEED_SECONDS     60 /* where config.timeout does not say otherwise */
#define DEED_SECONDS_MAX 3600

struct deed {
	struct verdict verdict; /* empty unless it answered */
	bool answered;
	bool outside; /* by a program of ours, with nothing of the pod's around it */
};

void deed_finish(struct deed *d);

/*
 * Find the entry's executor and run it in the pod, descriptor 3 being kept.  0 when it answered
 * that it is done; else -errno with e set: what it said, or why it said nothing.
 */
int deed_run(struct deed *d, const struct pod *p, const struct entry *en, const struct buf *request,
	     int kept, struct err *e);

#endif
