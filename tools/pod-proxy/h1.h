/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 messages (RFC 9112), read and written.  Every head is read twice: by a strict reader of
 * our own (gate.c), which makes the message and refuses what two parsers could read in two ways,
 * and by llhttp, which then finds the message's end.  Where the two disagree, nothing is passed on.
 */
#ifndef POD_PROXY_H1_H
#define POD_PROXY_H1_H

#include <llhttp.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tools/pod-proxy/message.h"

struct wire;

#define H1_IN 65536 /* bytes read at a time; a head has to fit */

/* --- heads: gate.c --- */

/* 0: m is set, size is the head's with its empty line.  -EAGAIN: not whole.  -EBADMSG. */
int gate_request(const char *data, size_t len, struct message *m, bool *old, size_t *size);
/* head: it answers a HEAD. */
int gate_response(const char *data, size_t len, bool head, struct message *m, size_t *size);

/* --- messages that come --- */

struct h1_in {
	llhttp_t parser;
	struct message head;
	struct message trailers;
	char *data; /* H1_IN bytes, as long as there are any */
	size_t at, len;
	size_t filled;          /* as far as there ever were: what is wiped */
	bool response, to_head; /* to_head: of a request HEAD, so that no body comes */
	bool old;               /* HTTP/1.0 */
	enum { H1_HEAD, H1_BODY, H1_DONE } state;
	const char *body; /* of this step */
	size_t body_len;
	struct buf field; /* a trailer's, as it comes */
	size_t name_len;
};

enum h1_step {
	H1_MORE, /* more bytes are needed */
	H1_HAS_HEAD,
	H1_HAS_BODY, /* body[0..body_len), valid until the next step; may be changed in place */
	H1_HAS_END,
	H1_BAD = -1,
};

void h1_in_init(struct h1_in *in, bool response);
void h1_in_finish(struct h1_in *in);
/* Another message begins on the same connection; what was read stays. */
void h1_in_next(struct h1_in *in, bool to_head);
/* Read more from w: bytes, 0 at its end, -EAGAIN, -EPROTO; -ENOBUFS when there is no room. */
ssize_t h1_in_read(struct h1_in *in, struct wire *w);
/* max: bytes of body that can be taken. */
enum h1_step h1_in_step(struct h1_in *in, size_t max);
/* The connection has ended: is the message whole by that? */
bool h1_in_eof(struct h1_in *in);

/* --- messages that go --- */

/* host: as Host says it. */
void h1_write_request(struct wire *w, const struct message *m, const char *host);
void h1_write_response(struct wire *w, const struct message *m, bool old, bool close);
void h1_write_chunk(struct wire *w, const char *data, size_t len);
void h1_write_last(struct wire *w, const struct message *trailers);

#endif
