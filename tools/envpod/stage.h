/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network that a clone is measured in: a namespace of this process's own where every address
 * leads to one process (pod-probe --stage).  No packet can leave the host; what gets out of the pod
 * is seen to have got out.
 */
#ifndef ENVPOD_STAGE_H
#define ENVPOD_STAGE_H

#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* Move there.  Children come along; there is no way back. */
int stage_enter(struct err *e);

struct stage {
	int in, out; /* it ends with the first; the second says who was reached */
	pid_t pid;
};

#define STAGE_INIT                  \
	{                           \
		.in = -1, .out = -1 \
	}

/* Start the process, with the bait in that file; returns when it listens. */
int stage_start(struct stage *s, const char *bait, struct err *e);
/* What it said since the last call, "tcp|udp ADDRESS PORT" a line, is added to b. */
void stage_drain(struct stage *s, struct buf *b);
void stage_finish(struct stage *s);

#endif
