/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lives beside a clone that is measured: its queue, where its pod has one, and a socket of
 * another pod's.  The monitor and the budgets do not: what they answer to attacks would end these.
 */
#ifndef ENVPOD_BESIDE_H
#define ENVPOD_BESIDE_H

#include <sys/types.h>

#include "libcommon/err.h"
#include "tools/envpod/planted.h"

struct beside {
	int socket;  /* of the neighbour */
	pid_t queue; /* 0: the pod has none */
};

#define BESIDE_INIT          \
	{                    \
		.socket = -1 \
	}

/* All of it answers when this returns; it ends with this process, whatever ends that. */
int beside_start(struct beside *b, const struct throwaway *t, const struct plan *pl,
		 struct planted *p, struct err *e);
void beside_finish(struct beside *b);

#endif
