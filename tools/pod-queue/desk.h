/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of a person share: a pod, its plan, its queue. */
#ifndef POD_QUEUE_DESK_H
#define POD_QUEUE_DESK_H

#include "libcommon/plan.h"
#include "tools/pod-queue/store.h"

struct desk {
	struct pod pod;
	struct plan plan;
	struct store store;
	struct pod_caller who;
};

#define DESK_INIT                                    \
	{                                            \
		.pod = POD_INIT, .store = STORE_INIT \
	}

int desk_open(struct desk *d, const char *pod, struct err *e);
void desk_finish(struct desk *d);

/* Read the action that begins so; its place or -errno with e set. */
int desk_read(struct desk *d, const char *prefix, struct action *a, struct err *e);

/* Have the pod's steward look: started where none lives. */
int desk_wake(const struct desk *d, struct err *e);

/* Wait until the action has ended, at most so long; a is read anew then.  -EAGAIN with status 75,
 * -EPERM with status 3 when the approval was refused. */
int desk_await(struct desk *d, struct action *a, int64_t ms, struct err *e);

/* How it ended, for a person; the exit status that follows. */
int desk_tell(const struct action *a, bool json);

#endif
