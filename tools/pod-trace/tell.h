/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the kernel as events: exec, exit. */
#ifndef POD_TRACE_TELL_H
#define POD_TRACE_TELL_H

#include <stddef.h>
#include <sys/types.h>

#include "tools/pod-trace/command.h"
#include "tools/pod-trace/lines.h"
#include "tools/pod-trace/mask.h"

struct tell {
	struct lines lines;
	struct commands commands;
	struct mask mask;
	uid_t base, identity; /* of the pod's ids */
};

/* One record of the ring; what is too short, or of no kind that is known, is nothing. */
void tell_record(struct tell *t, const void *data, size_t size);

#endif
