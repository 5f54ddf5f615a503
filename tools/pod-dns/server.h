/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners: datagrams in batches, connections with bounds; and the question behind each. */
#ifndef POD_DNS_SERVER_H
#define POD_DNS_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/canary.h"
#include "libcommon/loop.h"
#include "tools/pod-dns/asker.h"
#include "tools/pod-dns/discovery.h"
#include "tools/pod-dns/guard.h"
#include "tools/pod-dns/log.h"
#include "tools/pod-dns/pins.h"
#include "tools/pod-dns/resolver.h"
#include "tools/pod-dns/rules.h"

#define SERVER_UDP_SIZE 4096 /* of an answer: the way is a loopback */
#define SERVER_CLIENTS  64   /* connections at once */
#define SERVER_LISTEN   4

struct connection;

/* Where an answer goes: a datagram socket with an address, or a connection. */
struct origin {
	int udp;                  /* -1: a connection */
	struct sockaddr_in6 from; /* of either family */
	socklen_t from_len;
	const struct sockaddr_in6 *to; /* which address of ours; NULL: a connection */
	struct connection *connection;
};

struct server {
	struct loop *loop;
	struct resolver *resolver;
	struct rules *rules;
	struct pins *pins;
	struct guard *guard;
	const struct discovery *discovery;
	struct canaries *const *canaries; /* replaced when the policy is */
	struct log *log;
	struct asker asker;
	struct watch listeners[SERVER_LISTEN];
	struct sockaddr_in6 local[SERVER_LISTEN];
	unsigned n_listeners, n_connections;
	struct connection *connections;
	uint64_t now_us; /* when this batch came in */
};

/* Take over a listening socket: SOCK_DGRAM or SOCK_STREAM (listening already). */
int server_listen(struct server *s, int fd, bool is_stream, struct err *e);
void server_finish(struct server *s);
/* Close idle connections; ms until there is something to do, -1 for nothing. */
int server_tick(struct server *s);

/* One message came (question.c). */
void question_take(struct server *s, const struct origin *from, const uint8_t *msg, size_t len);
/* Send an answer; origin's connection may be gone already. */
void server_send(struct server *s, const struct origin *to, const uint8_t *msg, size_t len);
uint64_t micros_now(void);
/* A connection is kept while questions of it are open. */
void connection_hold(struct connection *c);
void connection_drop(struct connection *c);

#endif
