/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent is answered: one JSON object a line. */
#ifndef POD_QUEUE_REPLY_H
#define POD_QUEUE_REPLY_H

#include "libcommon/buf.h"
#include "tools/pod-queue/action.h"

void reply_error(struct buf *out, const char *error, const char *message);
/* {"ok":true,"id","status","action":{…}} of an action's file. */
void reply_action(struct buf *out, const char *data, size_t len);

/* queued, running, or how it ended. */
const char *action_state(const struct action *a);
/* The action without what is no business of the pod's: who approved it, and what of. */
void reply_print(struct buf *out, const struct action *a);

#endif
