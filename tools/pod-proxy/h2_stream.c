/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its response on a connection of many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/h2.h"

static void on_drained(void *arg)
{
	const struct h2_stream *st = arg;

	if (st->x && st->x->stalled)
		exchange_wake(st->x);
}

struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id)
{
	struct h2_stream *st = xcalloc(1, sizeof(*st));

	st->h2 = h2;
	st->id = id;
	st->out = (struct h2_out){
		.link = &h2->link, .id = id, .all = &h2->out, .drained = on_drained, .arg = st};
	st->next = h2->streams;
	if (st->next)
		st->next->prev = st;
	h2->streams = st;
	return st;
}

static void wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_finish(b);
}

void h2_stream_free(struct h2_stream *st)
{
	if (st->prev)
		st->prev->next = st->next;
	else
		st->h2->streams = st->next;
	if (st->next)
		st->next->prev = st->prev;
	h2_out_finish(&st->out);
	message_finish(&st->head);
	message_finish(&st->trailers);
	wipe(&st->cookies);
	buf_finish(&st->host);
	buf_finish(&st->in);
	free(st);
}

/* --- the request --- */

/*
 * The answer is whole, and the client still sends: it can save that (RFC 9113 8.1).  It is told so
 * late, because some clients (curl 7.88) lose the answer when both come at once.
 */
static void throw_away(struct h2_stream *st, size_t len)
{
	bool before = st->thrown >= H2_THROWN;

	st->thrown += len;
	h2_stream_consume(st, len);
	if (!before && st->thrown >= H2_THROWN)
		nghttp2_submit_rst_stream(st->h2->link.ng, NGHTTP2_FLAG_NONE, st->id,
					  NGHTTP2_NO_ERROR);
}

void h2_stream_take(struct h2_stream *st, const char *data, size_t len)
{
	st->owed += len;
	if (st->x)
		h2_append(&st->in, &st->in_at, data, len);
	else
		throw_away(st, len);
	h2_stream_feed(st);
}

void h2_stream_consume(struct h2_stream *st, size_t len)
{
	len = len < st->owed ? len : st->owed;
	st->owed -= len;
	nghttp2_session_consume(st->h2->link.ng, st->id, len);
}

void h2_stream_feed(struct h2_stream *st)
{
	size_t len;

	while (st->x && (len = st->in.len - st->in_at)) {
		size_t room = exchange_room(st->x);

		if (room == 0)
			return;
		len = len < room ? len : room;
		st->in_at += len;
		exchange_data(st->x, st->in.data + st->in_at - len, len);
	}
	buf_clear(&st->in);
	st->in_at = 0;
	if (st->x && st->ended && !st->told) {
		st->told = true;
		exchange_end(st->x, &st->trailers);
	}
}

void h2_consumed(struct exchange *x, size_t len)
{
	h2_stream_consume(x->stream, len);
	session_enqueue(x->s);
}

/* --- the response --- */

void h2_head(struct exchange *x, struct message *m, bool end)
{
	struct h2_stream *st = x->stream;
	nghttp2_data_provider body = h2_out_body(&st->out);
	nghttp2_nv nv[H2_FIELDS];
	char status[8], length[24];
	size_t n = 0;

	snprintf(status, sizeof(status), "%d", m->status);
	snprintf(length, sizeof(length), "%llu", (unsigned long long)m->length);
	nv[n++] = h2_pair(":status", status, false);
	if (m->body == BODY_LENGTH)
		nv[n++] = h2_pair("content-length", length, false);
	n = h2_fields(m, nv, n);
	if (m->status < 200)
		nghttp2_submit_headers(st->h2->link.ng, NGHTTP2_FLAG_NONE, st->id, NULL, nv, n,
				       NULL);
	else
		nghttp2_submit_response(st->h2->link.ng, st->id, nv, n, end ? NULL : &body);
	session_enqueue(x->s);
}

size_t h2_room(const struct exchange *x)
{
	const struct h2_stream *st = x->stream;
	size_t waits = h2_out_waits(&st->out), all = st->h2->out;
	size_t room = waits < H2_OUT ? H2_OUT - waits : 0;
	size_t rest = all < H2_OUT_ALL ? H2_OUT_ALL - all : 0;
	size_t least = waits < H2_OUT_LEAST ? H2_OUT_LEAST - waits : 0;

	room = room < rest ? room : rest;
	return room > least ? room : least;
}

void h2_data(struct exchange *x, const char *data, size_t len)
{
	struct h2_stream *st = x->stream;

	h2_out_add(&st->out, data, len);
	session_enqueue(x->s);
}

void h2_end(struct exchange *x, struct message *trailers)
{
	struct h2_stream *st = x->stream;

	st->x = NULL;
	h2_stream_consume(st, st->owed); /* what still comes is thrown away */
	h2_out_end(&st->out, trailers);
	session_enqueue(x->s);
}

void h2_reset(struct exchange *x, bool unseen)
{
	struct h2_stream *st = x->stream;

	st->x = NULL;
	nghttp2_submit_rst_stream(st->h2->link.ng, NGHTTP2_FLAG_NONE, st->id,
				  unseen ? NGHTTP2_REFUSED_STREAM : NGHTTP2_INTERNAL_ERROR);
	session_enqueue(x->s);
}
