/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that reads what the kernel tells: a uid of its own, no powers, no files but those
 * that are open.
 */
#ifndef POD_TRACE_LISTEN_H
#define POD_TRACE_LISTEN_H

#include <sys/types.h>

#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-trace/attach.h"
#include "tools/pod-trace/writes.h"

struct listen {
	const struct pod *pod;
	const struct plan *plan;
	const struct attach *attach;
	struct writes *writes;
	int events; /* lines go there */
	int ready;  /* -1, or a byte goes there */
	int alive;  /* ends with the process that began us */
	uid_t uid;
};

/* Until SIGTERM, or the end of alive; then what is still to be told is told.  Returns the exit
 * status. */
int listen_run(const struct listen *l);

#endif
