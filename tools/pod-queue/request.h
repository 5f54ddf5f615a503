/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the agent's: what it asks for. */
#ifndef POD_QUEUE_REQUEST_H
#define POD_QUEUE_REQUEST_H

#include "tools/pod-queue/action.h"

#define REQUEST_LINE (64u << 10)
#define WAIT_MAX     3600 /* seconds */

enum op {
	OP_LIST_ACTIONS,
	OP_CALL,
	OP_SUBMIT,
	OP_POLL,
	OP_WAIT,
	OP_CANCEL,
	OP_LIST,
	OP_DIFF,
	OP_WHY,
	OP_SCHEMA, /* not the agent's: the listener asks what a call takes */
	OP_DROP,   /* nor this: nobody waits for the answer any more */
	OPS,
};

struct request {
	enum op op;
	uint32_t timeout; /* seconds */
	char id[ACTION_ID], key[ACTION_KEY];
	char name[256]; /* of an action, or a host's */
	char *params;   /* canonical, an object */
};

#define OWN_REQUEST __attribute__((cleanup(request_finish), unused))
void request_finish(struct request *r);

/* -EINVAL with e set. */
int request_parse(struct request *r, const char *line, size_t len, struct err *e);

#endif
