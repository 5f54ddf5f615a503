/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that speak HTTP/1.1: one request at a time, in their order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/exchange.h"

#define AROUND 32 /* bytes around a chunk */
#define STEPS  64 /* in one turn */

struct h1 {
	struct h1_in in;
	struct exchange *x; /* whose response is awaited */
	bool whole;         /* its request was read to the end */
	bool tunnel, eof, dead;
	bool chunked, close; /* of the response */
};

static int h1_open(struct session *s)
{
	struct h1 *h = xcalloc(1, sizeof(*h));

	h1_in_init(&h->in, false);
	s->codec_state = h;
	return 0;
}

static void h1_close(struct session *s)
{
	struct h1 *h = s->codec_state;

	if (h)
		h1_in_finish(&h->in);
	free(h);
	s->codec_state = NULL;
}

/* --- requests --- */

/* What is no request gets an answer that nobody could take for the server's. */
static int answer_bad(struct session *s)
{
	static const char text[] =
		"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
		"content-length: 55\r\nconnection: close\r\n\r\n"
		"{\"error\":\"this is no proper HTTP request\",\"rule\":\"http\"}\n";
	struct h1 *h = s->codec_state;

	if (h->x) /* in the middle of a body */
		return -EBADMSG;
	wire_add(&s->wire, text, sizeof(text) - 1);
	session_linger(s);
	return 1;
}

static int take_request(struct session *s, struct h1 *h)
{
	struct message *m = &h->in.head;
	bool end = m->body == BODY_NONE;

	h->close = m->close || s->draining;
	h->whole = end;
	h->chunked = false;
	h->x = exchange_begin(s, h, m, end);
	return 1;
}

static int take_body(struct h1 *h)
{
	exchange_data(h->x, h->in.body, h->in.body_len);
	return 1;
}

static int take_end(struct h1 *h)
{
	h->whole = true;
	exchange_end(h->x, &h->in.trailers);
	return 1;
}

/* The client has nothing more to say: what is under way goes on, unless it was cut off. */
static int take_eof(struct session *s, struct h1 *h)
{
	if (!h->x && h->in.at == h->in.len) {
		session_linger(s);
		return 1;
	}
	return -ECONNRESET;
}

/* One step; 0: nothing can be done now. */
static int step(struct session *s, struct h1 *h)
{
	size_t room = h->x ? exchange_room(h->x) : H1_IN;
	ssize_t n;

	if (room == 0)
		return 0;
	switch (h1_in_step(&h->in, room)) {
	case H1_HAS_HEAD:
		return take_request(s, h);
	case H1_HAS_BODY:
		return take_body(h);
	case H1_HAS_END:
		return take_end(h);
	case H1_BAD:
		return answer_bad(s);
	case H1_MORE:
		break;
	}
	n = h1_in_read(&h->in, &s->wire);
	if (n == 0)
		return take_eof(s, h);
	if (n == -ENOBUFS)
		return answer_bad(s);
	return n > 0 ? 1 : n == -EAGAIN ? 0 : (int)n;
}

/* --- a tunnel --- */

static int carry(struct session *s, struct h1 *h)
{
	size_t room = exchange_room(h->x), len = h->in.len - h->in.at;
	ssize_t n;

	if (h->eof || room == 0)
		return 0;
	if (len) {
		len = len < room ? len : room;
		exchange_data(h->x, h->in.data + h->in.at, len);
		h->in.at += len;
		return 1;
	}
	n = h1_in_read(&h->in, &s->wire);
	if (n == 0) {
		h->eof = true;
		exchange_end(h->x, NULL);
		return 1;
	}
	return n > 0 ? 1 : n == -EAGAIN ? 0 : (int)n;
}

/* By TLS, the end may be said without any of TCP: what has come behind the request is read, and
 * stays for the next one. */
static bool is_gone(struct session *s, struct h1 *h)
{
	ssize_t n = 1;

	while (h->whole && n > 0 && !s->wire.hung)
		n = h1_in_read(&h->in, &s->wire);
	return s->wire.hung || n == 0 || n == -EPROTO;
}

/*
 * A client that ends its side with an answer outstanding has given it up, as nginx takes it
 * (proxy_ignore_client_abort off): nobody can tell it from one that only has nothing more to say,
 * and the host's limits must not be used up by those who are gone.
 */
static int h1_run(struct session *s)
{
	struct h1 *h = s->codec_state;
	int did = 0, r = 1;

	if (h->x && !h->tunnel && is_gone(s, h))
		return -ECONNRESET;
	for (unsigned n = 0; r > 0 && n < STEPS && !h->dead; n++) {
		if (s->state == SESSION_LINGER || (h->x && h->whole && !h->tunnel))
			break;
		r = h->tunnel ? carry(s, h) : step(s, h);
		did |= r > 0;
	}
	if (h->dead)
		return -ECONNRESET;
	/* A client that is gone for good waits for no answer. */
	if (s->wire.gone)
		return -ECONNRESET;
	return r < 0 ? r : did;
}

static void h1_drain(struct session *s)
{
	struct h1 *h = s->codec_state;

	h->close = true;
	if (!h->x && h->in.at == h->in.len)
		session_linger(s);
}

static bool h1_is_idle(const struct session *s)
{
	const struct h1 *h = s->codec_state;

	return !h->x && h->in.at == h->in.len;
}

/* --- responses --- */

/* The message stays as it is: how its body ends is still to be known. */
static void h1_head(struct exchange *x, struct message *m, bool end)
{
	struct h1 *h = x->stream;
	enum head_body body = m->body;

	if (m->status >= 200) {
		h->close |= x->s->draining || !h->whole;
		if (m->body == BODY_CLOSE)
			m->body = BODY_CHUNKED;
		h->chunked = m->body == BODY_CHUNKED && !h->in.old && !end;
	}
	h1_write_response(&x->s->wire, m, h->in.old, h->close);
	m->body = body;
}

static size_t h1_room(const struct exchange *x)
{
	size_t room = wire_room(&x->s->wire);

	return room > AROUND ? room - AROUND : 0;
}

static void h1_data(struct exchange *x, const char *data, size_t len)
{
	const struct h1 *h = x->stream;

	if (h->chunked && len)
		h1_write_chunk(&x->s->wire, data, len);
	else
		wire_add(&x->s->wire, data, len);
}

static void h1_end(struct exchange *x, struct message *trailers)
{
	struct h1 *h = x->stream;
	struct session *s = x->s;

	if (h->chunked)
		h1_write_last(&s->wire, trailers);
	h->x = NULL;
	if (h->close || !h->whole || h->tunnel || s->draining)
		session_linger(s);
	else
		h1_in_next(&h->in, false);
}

static void h1_reset(struct exchange *x, bool unseen)
{
	struct h1 *h = x->stream;

	(void)unseen; /* HTTP/1.1 has no word for it */
	h->x = NULL;
	h->dead = true;
	session_enqueue(x->s);
}

static void h1_consumed(struct exchange *x, size_t len)
{
	(void)x;
	(void)len;
}

static void h1_tunnel(struct exchange *x)
{
	struct h1 *h = x->stream;

	h->tunnel = true;
}

const struct codec codec_h1 = {
	.name = "http/1.1",
	.open = h1_open,
	.run = h1_run,
	.drain = h1_drain,
	.is_idle = h1_is_idle,
	.close = h1_close,
	.head = h1_head,
	.room = h1_room,
	.data = h1_data,
	.end = h1_end,
	.reset = h1_reset,
	.consumed = h1_consumed,
	.tunnel = h1_tunnel,
};
