/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the pod's, from accept to the end of both ways. */
#ifndef POD_PROXY_CONN_H
#define POD_PROXY_CONN_H

#include "tools/pod-proxy/relay.h"

enum conn_state {
	CONN_PEEK,    /* who is meant? */
	CONN_GREET,   /* another pod's relay says which port it wants */
	CONN_HAND,    /* to the injector, which is away or busy */
	CONN_CONNECT, /* to the destination */
	CONN_PUMP,
	CONN_REFUSED, /* told so; what still comes is thrown away until it goes */
};

struct conn {
	struct relay *r;
	struct conn *next, *prev;
	struct conn *behind; /* in the queue */
	bool queued;
	enum conn_state state;
	struct side client, server;
	struct flow up, down;
	struct requests requests;
	struct retry *retry;     /* while a second hello may come; second.c */
	const struct door *door; /* of a forwarder's: the way it came */
	struct in6_addr address; /* where it was sent to */
	uint16_t port;
	enum rule rule;
	char name[NAME_TEXT]; /* "" : not known */
	bool tls;
	uint64_t deadline_ms; /* of the state it is in */
};

/* Say no in the client's own words, and why; refuse.c */
void conn_refuse(struct conn *c, const char *reason);

/* conn.c: what its first part (begin.c) needs */
struct conn *conn_new(struct relay *r, int fd);
void conn_state(struct conn *c, enum conn_state s, uint64_t ms);
void conn_enqueue(struct conn *c); /* there is more to do */
void conn_tell(struct conn *c, const char *event, const char *reason);
void conn_linger(int fd); /* a reset when it is closed */
void conn_connect(struct conn *c);
void conn_pass(struct conn *c, enum rule rule);

/* second.c: let nothing through behind the first hello but what its name holds for; negative: dead
 */
int conn_watch_retry(struct conn *c);

/* begin.c: a step of that state */
void conn_peek(struct conn *c);
void conn_greeting(struct conn *c);
/* r as hello_name() and head_parse() say it */
void conn_judge(struct conn *c, int r);

#define EDGES    (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)
#define GREETING 80 /* bytes of "PORT POD\n" */
void conn_tune(int fd);

void conn_close(struct conn *c);
/* Both ends see a reset. */
void conn_reset(struct conn *c);

#endif
