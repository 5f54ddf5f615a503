/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a server that speaks HTTP/1.1: the connection is its own until it is done. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/pod-proxy/call.h"

#define AROUND 32 /* bytes around a chunk */

static void h1_request(struct call *c, const struct message *m, const char *host, bool end)
{
	(void)end; /* the message says so, too */
	h1_in_next(&c->u->in, c->to_head);
	c->wrote = c->u->wire.wrote;
	h1_write_request(&c->u->wire, m, host);
	c->chunked = m->body == BODY_CHUNKED;
}

static size_t h1_room(const struct call *c)
{
	size_t room = wire_room(&c->u->wire);

	return room > AROUND ? room - AROUND : 0;
}

static void h1_data(struct call *c, const char *data, size_t len)
{
	if (c->chunked)
		h1_write_chunk(&c->u->wire, data, len);
	else
		wire_add(&c->u->wire, data, len);
}

static void h1_end(struct call *c, const struct message *trailers)
{
	if (c->chunked)
		h1_write_last(&c->u->wire, trailers);
}

static int h1_send(struct call *c)
{
	int r = wire_flush(&c->u->wire);

	if (r == -EPIPE) /* it may have answered all the same */
		c->unclean = true;
	return r;
}

static size_t h1_waits(const struct call *c, size_t queued)
{
	return c->u->wire.at == c->u->wire.len ? 0 : queued;
}

/* Not a byte of it has left us: then nobody can have read one. */
static enum call_step lost(struct call *c, ssize_t n)
{
	const struct wire *w = &c->u->wire;

	if (n == 0 && h1_in_eof(&c->u->in))
		return CALL_END;
	if (w->wrote == c->wrote)
		return CALL_UNSEEN;
	c->why = n == 0   ? "the server ended the connection too early"
		 : w->ssl ? w->error
			  : "the connection was cut";
	return CALL_LOST;
}

static enum call_step h1_step(struct call *c, size_t max)
{
	struct h1_in *in = &c->u->in;
	enum h1_step step = h1_in_step(in, max);
	ssize_t n;

	c->in_body = in->state == H1_BODY;
	switch (step) {
	case H1_HAS_HEAD:
		c->head = &in->head;
		return CALL_HEAD;
	case H1_HAS_BODY:
		c->body = (char *)(uintptr_t)in->body;
		c->body_len = in->body_len;
		return CALL_BODY;
	case H1_HAS_END:
		c->trailers = &in->trailers;
		return CALL_END;
	case H1_BAD:
		return CALL_BAD;
	case H1_MORE:
		break;
	}
	n = h1_in_read(in, &c->u->wire);
	if (n == -EAGAIN)
		return CALL_WAITS;
	c->trailers = &in->trailers;
	return n > 0 ? CALL_READ : lost(c, n);
}

static void h1_next(struct call *c)
{
	h1_in_next(&c->u->in, c->to_head);
}

static bool h1_may_be_stale(const struct call *c)
{
	return c->u->used && !c->u->in.len;
}

static void h1_put(struct call *c)
{
	c->u->unclean |= c->unclean;
}

const struct tongue tongue_h1 = {
	.request = h1_request,
	.room = h1_room,
	.data = h1_data,
	.end = h1_end,
	.send = h1_send,
	.waits = h1_waits,
	.step = h1_step,
	.next = h1_next,
	.may_be_stale = h1_may_be_stale,
	.put = h1_put,
};
