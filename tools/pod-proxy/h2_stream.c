/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its response on a connection of many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/h2.h"

struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id)
{
	struct h2_stream *st = xcalloc(1, sizeof(*st));

	st->h2 = h2;
	st->id = id;
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
	st->h2->out -= st->out.len - st->out_at;
	message_finish(&st->head);
	message_finish(&st->trailers);
	wipe(&st->cookies);
	buf_finish(&st->host);
	buf_finish(&st->in);
	buf_finish(&st->out);
	free(st);
}

/* Behind what waits; what has gone by is let go when it is the larger part. */
static void append(struct buf *b, size_t *at, const char *data, size_t len)
{
	if (*at > b->len / 2) {
		memmove(b->data, b->data + *at, b->len - *at);
		b->len -= *at;
		*at = 0;
	}
	buf_add(b, data, len);
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
		nghttp2_submit_rst_stream(st->h2->ng, NGHTTP2_FLAG_NONE, st->id, NGHTTP2_NO_ERROR);
}

void h2_stream_take(struct h2_stream *st, const char *data, size_t len)
{
	st->owed += len;
	if (st->x)
		append(&st->in, &st->in_at, data, len);
	else
		throw_away(st, len);
	h2_stream_feed(st);
}

void h2_stream_consume(struct h2_stream *st, size_t len)
{
	len = len < st->owed ? len : st->owed;
	st->owed -= len;
	nghttp2_session_consume(st->h2->ng, st->id, len);
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
		exchange_end(st->x);
	}
}

void h2_consumed(struct exchange *x, size_t len)
{
	h2_stream_consume(x->stream, len);
	session_enqueue(x->s);
}

/* --- the response --- */

static void more(struct h2_stream *st)
{
	if (st->waits)
		nghttp2_session_resume_data(st->h2->ng, st->id);
	st->waits = false;
	session_enqueue(st->h2->s);
}

static ssize_t submit_trailers(struct h2_stream *st, uint32_t *flags)
{
	nghttp2_nv nv[MESSAGE_FIELDS + 2];
	size_t n = h2_fields(&st->trailers, NULL, NULL, nv);

	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	return nghttp2_submit_trailer(st->h2->ng, st->id, nv, n) < 0
		       ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
		       : 0;
}

static ssize_t give(nghttp2_session *ng, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
		    nghttp2_data_source *source, void *arg)
{
	struct h2_stream *st = source->ptr;
	size_t len = st->out.len - st->out_at;

	(void)ng;
	(void)id;
	(void)arg;
	if (len == 0 && !st->last) {
		st->waits = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	len = len < size ? len : size;
	if (len)
		memcpy(to, st->out.data + st->out_at, len);
	st->out_at += len;
	st->h2->out -= len;
	if (st->out_at == st->out.len) {
		buf_clear(&st->out);
		st->out_at = 0;
	}
	if (st->x && st->x->stalled)
		exchange_wake(st->x);
	if (!st->last || st->out.len)
		return (ssize_t)len;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (st->trailers.n && submit_trailers(st, flags) < 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return (ssize_t)len;
}

void h2_head(struct exchange *x, struct message *m, bool end)
{
	struct h2_stream *st = x->stream;
	nghttp2_data_provider body = {.source.ptr = st, .read_callback = give};
	nghttp2_nv nv[MESSAGE_FIELDS + 2];
	char status[8], length[24];
	size_t n;

	snprintf(status, sizeof(status), "%d", m->status);
	snprintf(length, sizeof(length), "%llu", (unsigned long long)m->length);
	n = h2_fields(m, status, m->body == BODY_LENGTH ? length : NULL, nv);
	if (m->status < 200)
		nghttp2_submit_headers(st->h2->ng, NGHTTP2_FLAG_NONE, st->id, NULL, nv, n, NULL);
	else
		nghttp2_submit_response(st->h2->ng, st->id, nv, n, end ? NULL : &body);
	session_enqueue(x->s);
}

size_t h2_room(const struct exchange *x)
{
	const struct h2_stream *st = x->stream;
	size_t waits = st->out.len - st->out_at, all = st->h2->out;
	size_t room = waits < H2_OUT ? H2_OUT - waits : 0;
	size_t rest = all < H2_OUT_ALL ? H2_OUT_ALL - all : 0;
	size_t least = waits < H2_OUT_LEAST ? H2_OUT_LEAST - waits : 0;

	room = room < rest ? room : rest;
	return room > least ? room : least;
}

void h2_data(struct exchange *x, const char *data, size_t len)
{
	struct h2_stream *st = x->stream;

	append(&st->out, &st->out_at, data, len);
	st->h2->out += len;
	more(st);
}

void h2_end(struct exchange *x, struct message *trailers)
{
	struct h2_stream *st = x->stream;

	if (trailers) {
		st->trailers = *trailers;
		*trailers = (struct message){0};
	}
	st->last = true;
	st->x = NULL;
	h2_stream_consume(st, st->owed); /* what still comes is thrown away */
	more(st);
}

void h2_reset(struct exchange *x)
{
	struct h2_stream *st = x->stream;

	st->x = NULL;
	nghttp2_submit_rst_stream(st->h2->ng, NGHTTP2_FLAG_NONE, st->id, NGHTTP2_INTERNAL_ERROR);
	session_enqueue(x->s);
}
