/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that speak HTTP/2. */
#ifndef POD_PROXY_H2_H
#define POD_PROXY_H2_H

#include "tools/pod-proxy/exchange.h"
#include "tools/pod-proxy/h2_link.h"

#define H2_WINDOWS   (256 * 1024) /* of all bodies of a connection together */
#define H2_OUT       (64 * 1024)  /* of a response, taken before the client has room */
#define H2_OUT_ALL   (256 * 1024) /* of a connection together, besides */
#define H2_OUT_LEAST 4096         /* that each stream has, whatever the others hold */
#define H2_THROWN    (1024 * 1024)

struct h2 {
	struct session *s;
	struct h2_link link;
	struct h2_stream *streams;
	size_t out;   /* bytes that wait in all of them */
	bool leaving; /* GOAWAY is said */
};

struct h2_stream {
	struct h2 *h2;
	struct h2_stream *next, *prev;
	int32_t id;
	struct exchange *x;  /* NULL: none yet, or none any more */
	struct message head; /* until it is whole */
	struct buf cookies, host;
	size_t head_size, fields;
	bool has_head;
	bool bad;                /* no head that a server should see */
	bool ended, told;        /* the request is whole; the exchange knows */
	struct buf in;           /* of its body, what the exchange had no room for */
	size_t thrown;           /* bytes of its body that came after the answer */
	size_t in_at, owed;      /* owed: bytes that the client's window is not yet given back */
	struct message trailers; /* of the request */
	struct h2_out out;       /* the response */
};

/* --- heads: h2_head.c --- */

/* One field of a request.  -EMSGSIZE: too much.  What is wrong otherwise is said by the next. */
int h2_field(struct h2_stream *st, struct text name, struct text value);
/* The head is whole.  0, or -EBADMSG. */
int h2_request(struct h2_stream *st, bool end);

/* --- h2_stream.c --- */

struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id);
void h2_stream_free(struct h2_stream *st);
/* A piece of its body has come. */
void h2_stream_take(struct h2_stream *st, const char *data, size_t len);
/* Give the exchange what it has room for. */
void h2_stream_feed(struct h2_stream *st);
/* These were given on, or are thrown away. */
void h2_stream_consume(struct h2_stream *st, size_t len);
/* The calls of the exchange. */
void h2_head(struct exchange *x, struct message *m, bool end);
size_t h2_room(const struct exchange *x);
void h2_data(struct exchange *x, const char *data, size_t len);
void h2_end(struct exchange *x, struct message *trailers);
void h2_reset(struct exchange *x, bool unseen);
void h2_consumed(struct exchange *x, size_t len);

#endif
