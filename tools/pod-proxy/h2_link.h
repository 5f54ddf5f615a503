/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What connections of HTTP/2 (RFC 9113) have in common, whichever end we are: framing and header
 * compression are nghttp2's, everything else is ours, the limits too.
 */
#ifndef POD_PROXY_H2_LINK_H
#define POD_PROXY_H2_LINK_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#include "tools/pod-proxy/message.h"
#include "tools/pod-proxy/text.h"
#include "tools/pod-proxy/wire.h"

#define H2_STREAMS 100
#define H2_WINDOW  (128 * 1024) /* of a body that comes, before the other side has taken it */
#define H2_BLOCK   HEAD_MAX     /* bytes of one header block, packed; unpacked as well */
#define H2_FRAME   (16384 + 9)
#define H2_FIELDS  (MESSAGE_FIELDS + 6) /* with pseudo-header fields and framing */

/* So many at once, so many more a second: then the other side has to calm down. */
#define H2_RESETS          100
#define H2_RESETS_SECOND   30
#define H2_CONTROLS        1000 /* frames that carry nothing */
#define H2_CONTROLS_SECOND 200

struct h2_bucket {
	uint64_t left, since_ms;
};

struct h2_link {
	nghttp2_session *ng;
	struct wire *wire;
	const struct loop *loop;
	size_t block; /* bytes so far of the header block that comes */
	struct h2_bucket resets, controls;
	bool dead; /* as soon as it has been written */
};

/* Options that both ends want; NULL: no memory. */
nghttp2_option *h2_link_options(void);
/* A frame begins (nghttp2's on_begin_frame); one was reset by either side. */
int h2_link_frame(struct h2_link *l, const nghttp2_frame_hd *hd);
int h2_link_reset(struct h2_link *l);
/* Read once.  1: something came.  0: nothing yet.  -ENODATA: the other side has ended; -EPROTO. */
int h2_link_receive(struct h2_link *l);
/* Write what there is.  1: something was written.  0; -EPROTO, -EPIPE. */
int h2_link_send(struct h2_link *l);

/* --- what waits to be sent on a stream: bytes, and perhaps trailers behind them --- */

struct h2_out {
	struct h2_link *link;
	int32_t id;
	struct buf data;
	size_t at;
	size_t *all;      /* what waits on all streams together */
	bool waits, last; /* waits: nghttp2 is to be told of more.  last: no more comes */
	struct message trailers;
	void (*drained)(void *arg); /* some of it has gone */
	void *arg;
};

/* For nghttp2_submit_request() and the like; o stays where it is. */
nghttp2_data_provider h2_out_body(struct h2_out *o);
size_t h2_out_waits(const struct h2_out *o);
void h2_out_add(struct h2_out *o, const char *data, size_t len);
/* No more comes; trailers (NULL: none) are emptied. */
void h2_out_end(struct h2_out *o, struct message *trailers);
void h2_out_finish(struct h2_out *o);

/* Behind what waits from *at on; what has gone by is let go when it is the larger part. */
void h2_append(struct buf *b, size_t *at, const char *data, size_t len);

/* --- heads: h2_head.c --- */

/* One pair; secret: it stays out of the tables of header compression. */
nghttp2_nv h2_pair(const char *name, const char *value, bool secret);
/* The fields of m behind the first n of nv, which has H2_FIELDS; how many there are. */
size_t h2_fields(const struct message *m, nghttp2_nv *nv, size_t n);
/* One field of trailers: those that come too late to mean anything are dropped.  -EMSGSIZE, and
 * -EBADMSG for what is no field. */
int h2_trailer(struct message *m, struct text name, struct text value);

/* The head of a response, as it comes. */
struct h2_answer {
	struct message head;
	size_t size;
	bool bad;
};
/* -EMSGSIZE: too much.  What is wrong otherwise is said by the next. */
int h2_answer_field(struct h2_answer *a, struct text name, struct text value);
/* It is whole; end: nothing follows.  0, or -EBADMSG. */
int h2_answer_whole(struct h2_answer *a, bool end);

#endif
