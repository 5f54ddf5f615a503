/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of an executor, within a time and with bounds on what it says: pod-mount enter … pod-exec
 * --apart, as the pod's user; or on the host, where it goes into the pod's network alone.
 */
#ifndef POD_QUEUE_CHAIN_H
#define POD_QUEUE_CHAIN_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

#define CHAIN_OUT_MAX  (1u << 20)
#define CHAIN_SAID_MAX 4096 /* of standard error, the last of it */

struct chain {
	const struct pod *pod;
	const char *name; /* what the executor is told to be called */
	int exec, keep;   /* descriptors 4 and 3 of its; kept */
	bool outside;     /* executed on the host, with --pod; it has no use for these two */
	const struct buf *request;
	unsigned seconds;

	struct buf out, said;
	int status;      /* an exit status */
	bool late, loud; /* killed: over its time, over the bound of its output */
};

/* 0 when it has ended, whatever way; -errno with e set when it could not be started. */
int chain_run(struct chain *c, struct err *e);
void chain_finish(struct chain *c);
/* Nothing of the pod runs now, an executor neither. */
bool chain_frozen(const struct pod *p);
/* Why it gave no answer, in words. */
void chain_explain(const struct chain *c, struct buf *out);

#endif
