/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a server that speaks HTTP/2: a stream of a connection that others use as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/pod-proxy/h2_up.h"

#define OUT (64 * 1024) /* of a request's body, taken before the server has room */

/* Some of the body has gone: more may come. */
static void on_drained(void *arg)
{
	const struct call *c = arg;

	c->u->of->wake(c->x);
}

static size_t write_head(const struct message *m, const char *host, char length[24], nghttp2_nv *nv)
{
	size_t n = 0;

	nv[n++] = h2_pair(":method", message_text(m, m->method), false);
	nv[n++] = h2_pair(":scheme", "https", false);
	nv[n++] = h2_pair(":authority", host, false);
	nv[n++] = h2_pair(":path", message_text(m, m->target), true); /* a key may be in it */
	if (m->trailers)
		nv[n++] = h2_pair("te", "trailers", false);
	if (m->body == BODY_LENGTH) {
		snprintf(length, 24, "%llu", (unsigned long long)m->length);
		nv[n++] = h2_pair("content-length", length, false);
	}
	return h2_fields(m, nv, n);
}

static void h2_request(struct call *c, const struct message *m, const char *host, bool end)
{
	struct h2_up *up = c->u->h2;
	nghttp2_data_provider body;
	nghttp2_nv nv[H2_FIELDS];
	char length[24];
	size_t n = write_head(m, host, length, nv);
	int32_t id;

	c->h2.out = (struct h2_out){
		.link = &up->link, .all = &up->out, .drained = on_drained, .arg = c};
	body = h2_out_body(&c->h2.out);
	id = nghttp2_submit_request(up->link.ng, NULL, nv, n, end ? NULL : &body, c);
	if (id < 0) { /* all numbers are used up, or the like */
		c->u->unclean = true;
		c->h2.unseen = true;
		c->u->of->wake(c->x);
		return;
	}
	c->h2.id = c->h2.out.id = id;
	c->u->of->n_streams++;
	upstream_enqueue(c->u);
}

static size_t h2_room(const struct call *c)
{
	size_t waits = h2_out_waits(&c->h2.out);

	if (c->h2.closed)
		return OUT; /* thrown away */
	return waits < OUT ? OUT - waits : 0;
}

static void h2_data(struct call *c, const char *data, size_t len)
{
	if (c->h2.closed || !c->h2.id)
		return;
	h2_out_add(&c->h2.out, data, len);
	upstream_enqueue(c->u);
}

static void h2_end(struct call *c, const struct message *trailers)
{
	struct message copy = {0};

	if (c->h2.closed || !c->h2.id)
		return;
	message_copy(&copy, trailers);
	h2_out_end(&c->h2.out, &copy);
	upstream_enqueue(c->u);
}

/* The connection writes when its turn comes. */
static int h2_send(struct call *c)
{
	(void)c;
	return 0;
}

static size_t h2_waits(const struct call *c, size_t queued)
{
	size_t waits = c->h2.closed ? 0 : h2_out_waits(&c->h2.out);

	return waits < queued ? waits : queued;
}

/* --- the response, as far as it has come --- */

static enum call_step take_head(struct call *c)
{
	struct h2_call *h = &c->h2;

	message_finish(&h->head);
	h->head = h->heads[0];
	memmove(h->heads, h->heads + 1, --h->n_heads * sizeof(*h->heads));
	c->head = &h->head;
	c->in_body = h->head.status >= 200;
	return CALL_HEAD;
}

static enum call_step take_body(struct call *c, size_t max)
{
	struct h2_call *h = &c->h2;
	size_t len = h->in.len - h->in_at;

	len = len < max ? len : max;
	c->body = h->in.data + h->in_at;
	c->body_len = len;
	h->in_at += len;
	nghttp2_session_consume(c->u->h2->link.ng, h->id, len);
	upstream_enqueue(c->u);
	return CALL_BODY;
}

static enum call_step h2_step(struct call *c, size_t max)
{
	struct h2_call *h = &c->h2;

	if (h->n_heads)
		return take_head(c);
	if (h->in.len > h->in_at)
		return take_body(c, max);
	c->trailers = &h->trailers;
	if (h->coming.bad)
		return CALL_BAD;
	if (h->ended)
		return CALL_END;
	if (h->unseen)
		return CALL_UNSEEN;
	c->why = c->u->h2->lost ? "the server ended the connection too early"
				: "the server gave the request up";
	return h->closed ? CALL_LOST : CALL_WAITS;
}

static void h2_next(struct call *c)
{
	(void)c;
}

static bool h2_may_be_stale(const struct call *c)
{
	return c->u->used && c->u->h2->lost && !c->h2.final && !c->h2.interims;
}

static void h2_put(struct call *c)
{
	struct h2_call *h = &c->h2;
	nghttp2_session *ng = c->u->h2->link.ng;

	if (h->id) {
		nghttp2_session_consume_connection(ng, h->in.len - h->in_at);
		c->u->of->n_streams--;
	}
	if (h->id && !h->closed) {
		nghttp2_session_set_stream_user_data(ng, h->id, NULL);
		nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, h->id, NGHTTP2_CANCEL);
	}
	if (h->out.all)
		h2_out_finish(&h->out);
	for (size_t i = 0; i < h->n_heads; i++)
		message_finish(&h->heads[i]);
	free(h->heads);
	buf_finish(&h->in);
	message_finish(&h->coming.head);
	message_finish(&h->head);
	message_finish(&h->trailers);
	upstream_enqueue(c->u);
}

const struct tongue tongue_h2 = {
	.request = h2_request,
	.room = h2_room,
	.data = h2_data,
	.end = h2_end,
	.send = h2_send,
	.waits = h2_waits,
	.step = h2_step,
	.next = h2_next,
	.may_be_stale = h2_may_be_stale,
	.put = h2_put,
};
