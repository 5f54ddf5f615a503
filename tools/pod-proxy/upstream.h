/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to servers.  Of HTTP/1.1 they are one call's at a time, and kept for the next request
 * to the same host at the same address: one goes back to the pool only when both messages ended
 * exactly where they had to.  Of HTTP/2 they are shared by the calls of all clients that speak it.
 */
#ifndef POD_PROXY_UPSTREAM_H
#define POD_PROXY_UPSTREAM_H

#include <netinet/in.h>
#include <stdbool.h>

#include "tools/pod-proxy/h1.h"
#include "tools/pod-proxy/wire.h"

#define UPSTREAM_IDLE    64    /* kept at most, of each kind */
#define UPSTREAM_KEEP    30000 /* ms */
#define UPSTREAM_ORIGIN  256   /* hosts of which something is remembered */
#define UPSTREAM_STREAMS 512   /* of HTTP/2, of all hosts: each may hold a window of bytes */

struct call;
struct exchange;
struct h2_up;
struct ssl_ctx_st;
struct ssl_session_st;

/* A host at an address: what it is asked for decides where a connection may be used again. */
struct place {
	char name[NAME_TEXT];
	struct in6_addr address;
	uint16_t port;
};
bool place_is(const struct place *a, const struct place *b);

struct upstream {
	struct upstreams *of;
	struct upstream *next, *prev; /* in the list it is in */
	struct upstream **list;       /* of->idle, of->shared; NULL: none */
	struct upstream *behind;      /* in the queue */
	bool queued;
	struct wire wire;
	struct place place;
	struct h1_in in; /* HTTP/1.1: its responses */
	const struct tongue *tongue;
	struct h2_up *h2;   /* NULL: not spoken */
	bool offers;        /* HTTP/2, when the handshake comes to it */
	bool connected;     /* but the handshake is not done */
	bool ready;         /* it is, if there is one */
	bool used;          /* a request was answered on it before */
	bool taken;         /* HTTP/1.1: by a call */
	bool unclean;       /* not to be used again */
	unsigned epoch;     /* of->epoch when it was begun */
	int error;          /* of connecting, once for all who wait */
	struct call *calls; /* none: idle */
	unsigned n_calls;
	uint64_t since_ms, keep_ms; /* idle since then, for so long */
};

struct origin;

struct upstreams {
	struct loop *loop;
	struct ssl_ctx_st *tls;
	struct origin *origins;
	uint64_t uses;
	struct upstream *idle; /* HTTP/1.1, the youngest first */
	struct upstream *shared;
	struct upstream *queue; /* of HTTP/2, those with something to do */
	unsigned n_idle, n_streams;
	unsigned epoch;      /* of the policy: whom it believed before is asked nothing new */
	unsigned n_all, max; /* connections: a client of HTTP/2 may ask for many at a time */
	void (*wake)(struct exchange *x);
	/* The public keys that a host is believed by, as in struct site; NULL: by any. */
	const struct strv *(*pins)(void *arg, const struct place *p);
	void *pins_arg;
};

/* The host's authorities are read now, once: $SSL_CERT_FILE, else the host's bundle. */
int upstreams_open(struct upstreams *us, struct loop *l, struct err *e);
void upstreams_finish(struct upstreams *us);
/* Close all that are idle, and let no more calls onto others: credentials have changed. */
void upstreams_forget(struct upstreams *us);
/* Close those that were idle for too long. */
void upstreams_sweep(struct upstreams *us);
/* Read and write those of HTTP/2 with something to do. */
void upstreams_run(struct upstreams *us);
bool upstreams_any(const struct upstreams *us);

struct want {
	const struct place *place;
	bool tls, h2; /* h2: it may be HTTP/2 */
	bool fresh;   /* none that was kept */
};
/* A way for this exchange's request; NULL when no connection can be begun. */
struct call *upstream_call(struct upstreams *us, const struct want *w, struct exchange *x);
/* 0: ready for the request.  -EAGAIN.  -EALREADY: not for this call, another must be made.
 * -ECONNREFUSED and the like; -EPROTO, -EKEYREJECTED: wire.error. */
int upstream_ready(struct call *c);
/* The exchange is done with it; the connection into the pool, if it is clean, or away. */
void upstream_put(struct call *c);

/* --- for those that speak on it --- */

/* Run it in this turn of the loop. */
void upstream_enqueue(struct upstream *u);
void upstream_list(struct upstream *u, struct upstream **list);
void upstream_unlist(struct upstream *u);
void upstream_drop(struct upstream *u);
/* The keys it must have one of; NULL: any. */
const struct strv *upstream_pins(const struct upstream *u);

/* connect.c: a new one; NULL: it cannot even be begun, or there are too many. */
struct upstream *upstream_connect(struct upstreams *us, const struct want *w);
void upstream_event(void *arg, uint32_t events); /* of its wire */

/* --- origin.c: what is remembered of hosts --- */

enum speaks { SPEAKS_UNKNOWN, SPEAKS_H1, SPEAKS_H2 };

void origins_prepare(struct upstreams *us);
void origins_finish(struct upstreams *us);
void origin_resume(struct upstream *u);
void origin_learn(struct upstreams *us, const struct place *p, enum speaks s);
enum speaks origin_speaks(struct upstreams *us, const struct place *p);

#endif
