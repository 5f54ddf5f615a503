/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events: a stream is a request that is never whole, and a queue of what it has not
 * been sent yet.  Who does not read loses what waits, and is told so (`event: reset`), never the
 * others.  A comment every 15 s finds out who is gone.
 */
#ifndef LIBCOMMON_WEB_EVENTS_H
#define LIBCOMMON_WEB_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/web.h"

#define WEB_STREAMS_MAX 64    /* at a time */
#define WEB_STREAM_MAX  65536 /* bytes that may wait */

struct web_stream {
	struct web_stream *next;
	struct web_streams *all;
	struct web_request *q;
	struct buf out;
	size_t sent; /* of out */
};

struct web_streams {
	struct web_stream *first;
	unsigned n;
	uint64_t id, told_ms;
};

/*
 * Answer q with a stream, which q->state is from then on: the route's finish() is
 * web_stream_finish().  NULL: there are too many, and q was refused.
 */
struct web_stream *web_stream_begin(struct web_streams *all, struct web_request *q);
void web_stream_finish(struct web_request *q);

/* An event for one of them; data is one line. */
void web_stream_put(struct web_stream *s, const char *event, const char *data, size_t len);
/* Call fn for each, which may put something. */
void web_streams_each(struct web_streams *all, void (*fn)(struct web_stream *s, void *arg),
		      void *arg);
/* The same event for all of them. */
void web_streams_put(struct web_streams *all, const char *event, const char *data, size_t len);
/* Once a second. */
void web_streams_tick(struct web_streams *all, uint64_t now_ms);

#endif
