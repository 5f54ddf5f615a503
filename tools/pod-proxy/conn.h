/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the pod's, from accept to the end of both ways. */
#ifndef POD_PROXY_CONN_H
#define POD_PROXY_CONN_H

#include "tools/pod-proxy/relay.h"

enum conn_state {
	CONN_PEEK,    /* who is meant? */
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
	struct in6_addr address; /* where it was sent to */
	uint16_t port;
	enum rule rule;
	char name[NAME_TEXT]; /* "" : not known */
	bool tls;
	uint64_t deadline_ms; /* of the state it is in */
};

/* Say no in the client's own words, and why; refuse.c */
void conn_refuse(struct conn *c, const char *reason);

void conn_close(struct conn *c);
/* Both ends see a reset. */
void conn_reset(struct conn *c);

#endif
