/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs in the kernel: loaded, told whose they are, and attached, until the process that did
 * it has ended.  Needs root; reading the ring needs nothing.
 */
#ifndef POD_TRACE_ATTACH_H
#define POD_TRACE_ATTACH_H

#include <stdint.h>

#include "libcommon/err.h"

struct bpf_object;

struct attach {
	struct bpf_object *object;
	int ring;
	const uint64_t *lost; /* records that found no room, so far */
};

#define ATTACH_INIT        \
	{                  \
		.ring = -1 \
	}

/* For the processes of the pod with this name.  Status 77 where this kernel cannot. */
int attach_open(struct attach *a, const char *pod, struct err *e);
void attach_finish(struct attach *a);

#endif
