/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request's way to its server, and its response's way back: a connection of its own (HTTP/1.1,
 * h1_call.c), or a stream of one that others use as well (HTTP/2, h2_call.c).
 */
#ifndef POD_PROXY_CALL_H
#define POD_PROXY_CALL_H

#include "tools/pod-proxy/h2_link.h"
#include "tools/pod-proxy/upstream.h"

#define CALL_INTERIMS 16 /* heads before the head */

enum call_step {
	CALL_WAITS,
	CALL_READ,   /* something came: ask again */
	CALL_HEAD,   /* head is set; more of them may come while it is an interim one */
	CALL_BODY,   /* body[0..body_len), valid until the next step; may be changed in place */
	CALL_END,    /* trailers are set */
	CALL_BAD,    /* no proper HTTP */
	CALL_LOST,   /* it ended too early: why */
	CALL_UNSEEN, /* the server has surely done nothing with it, and never will */
};

/* A stream of HTTP/2: what came and waits for the exchange, and what is to go. */
struct h2_call {
	int32_t id; /* 0: none, or none any more */
	struct h2_out out;
	struct buf in; /* of the response's body */
	size_t in_at;
	struct h2_answer coming;
	struct message *heads; /* those that are whole and wait */
	size_t n_heads;
	unsigned interims;
	struct message head, trailers;
	bool final; /* the head came, not an interim one */
	bool sent, ended, closed, unseen;
};

struct call {
	struct upstream *u;
	struct call *next, *prev; /* of u */
	struct exchange *x;
	bool to_head; /* of a request HEAD: the response has no body */
	bool in_body; /* the next of the response wants room */
	bool unclean; /* nobody knows where the connection stands */
	bool chunked; /* the request, as HTTP/1.1 says it */
	struct message *head, *trailers;
	char *body;
	size_t body_len;
	const char *why;
	uint64_t wrote; /* on the connection, before the request */
	struct h2_call h2;
};

/* What is spoken with a server. */
struct tongue {
	/* end: the head is all of it. */
	void (*request)(struct call *c, const struct message *m, const char *host, bool end);
	size_t (*room)(const struct call *c); /* bytes of body that data() takes now */
	void (*data)(struct call *c, const char *data, size_t len);
	void (*end)(struct call *c, const struct message *trailers); /* trailers may be empty */
	/* 0: all of it is written.  -EAGAIN; -EPIPE. */
	int (*send)(struct call *c);
	/* Bytes of the body that have not gone on, of so many that are not known to. */
	size_t (*waits)(const struct call *c, size_t queued);
	enum call_step (*step)(struct call *c, size_t max);
	/* Behind an interim head another one comes. */
	void (*next)(struct call *c);
	/* Nothing of the response came, and the connection had answered others before. */
	bool (*may_be_stale)(const struct call *c);
	/* The exchange is done with it. */
	void (*put)(struct call *c);
};
extern const struct tongue tongue_h1, tongue_h2;

/* A connection that will speak HTTP/2; -ENOMEM. */
int h2_up_open(struct upstream *u);
void h2_up_close(struct upstream *u);
/* May another call begin on it? */
bool h2_up_has_room(const struct upstream *u);
/* Say that it ends; those under way go on. */
void h2_up_leave(struct upstream *u);
void h2_up_run(struct upstream *u);

#endif
