/* SPDX-License-Identifier: Apache-2.0 */
/* A call on its way: a line to the queue, perhaps a second one that waits, and what comes back. */
#ifndef POD_MCP_QUEUE_H
#define POD_MCP_QUEUE_H

#include <poll.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-mcp/rpc.h"

#define ANSWER_MAX (4u << 20) /* bytes of a line of the queue's */

struct call {
	char id[RPC_ID_MAX + 1]; /* of the request that it answers; "": a free place */
	int fd;
	struct buf out, in;
	size_t sent;
	unsigned wait; /* seconds to wait for the action's end, still to be asked for */
	int64_t until; /* clock_ms() by which something must have come */
};

/* Connect and begin: line is what to say.  -errno with e set, and the place is free. */
int call_begin(struct call *c, const char *socket, struct slice id, const struct buf *line,
	       unsigned wait, struct err *e);
void call_finish(struct call *c);

/* What to poll for. */
short call_events(const struct call *c);
/*
 * Go on: 0 while there is more to come, 1 when c->in is the whole answer without its newline,
 * -errno with e set when there will be none.
 */
int call_continue(struct call *c, short revents, struct err *e);

/* The result of a call as MCP has it: {"content":…,"structuredContent":…,"isError":…}. */
void call_result(struct buf *out, const struct buf *answer, bool structured);
/* The same of what went wrong on this side. */
void call_failed(struct buf *out, const char *message);

#endif
