/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the listener, which reads what the agent says, and the steward, which is root and reads
 * none of it: a head of a fixed size, and bytes that only go through.
 */
#ifndef POD_QUEUE_CHANNEL_H
#define POD_QUEUE_CHANNEL_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "tools/pod-queue/request.h"

struct ask {
	uint32_t len; /* of what follows */
	uint32_t serial;
	uint32_t op; /* enum op */
	uint32_t timeout;
	char id[ACTION_ID], key[ACTION_KEY], name[256]; /* each with its NUL */
};

enum answer_kind {
	ANSWER_FILE,   /* an action's file */
	ANSWER_TEXT,   /* an answer as the agent gets it */
	ANSWER_ERROR,  /* "WORD message" */
	ANSWER_SCHEMA, /* what a call takes: params.h; or "*" */
};

struct answer {
	uint32_t len;
	uint32_t serial;
	uint32_t kind; /* enum answer_kind */
};

#define CHANNEL_ASK    (REQUEST_LINE + 4096) /* bytes behind an ask, at most */
#define CHANNEL_ANSWER (ACTION_FILE + 4096)

struct channel {
	int fd;
	struct buf in, out;
	size_t sent; /* of out */
};

void channel_finish(struct channel *c);
/* Take in what has come: 0, -EPIPE at the end, -errno. */
int channel_read(struct channel *c);
/* A whole frame of at most max bytes behind its head of `head` bytes, whose first member is the
 * length: its size in all, 0 when more must come, -EINVAL for a longer one.  It lies at in.data. */
ssize_t channel_frame(const struct channel *c, size_t head, size_t max);
/* Done with it. */
void channel_shift(struct channel *c, size_t n);
/* Append to what is to be sent; channel_flush() sends as much as goes: 0 or -errno. */
void channel_put(struct channel *c, const void *head, size_t size, const void *data, size_t len);
int channel_flush(struct channel *c);
/* Of what is to be sent, let go what was, where that is most of it: a peer that always leaves some
 * would make it grow for ever. */
void channel_compact(struct buf *out, size_t *sent);
size_t channel_unsent(const struct channel *c); /* bytes */
bool channel_waits(const struct channel *c);

#endif
