/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to servers, HTTP/1.1, kept for the next request to the same host at the same address.
 * A connection goes back to the pool only when both messages ended exactly where they had to.
 */
#ifndef POD_PROXY_UPSTREAM_H
#define POD_PROXY_UPSTREAM_H

#include <netinet/in.h>
#include <stdbool.h>

#include "tools/pod-proxy/h1.h"
#include "tools/pod-proxy/wire.h"

#define UPSTREAM_IDLE   64    /* kept at most */
#define UPSTREAM_KEEP   30000 /* ms */
#define UPSTREAM_ORIGIN 256   /* hosts whose TLS sessions are remembered */

struct exchange;
struct ssl_ctx_st;
struct ssl_session_st;

struct upstream {
	struct upstreams *of;
	struct upstream *next, *prev; /* of all that are idle */
	struct wire wire;
	struct h1_in in; /* its responses */
	char name[NAME_TEXT];
	struct in6_addr address;
	uint16_t port;
	bool connected, ready; /* ready: the handshake is done, if there is one */
	bool used;             /* a request was answered on it before */
	bool unclean;          /* not to be used again */
	struct exchange *x;    /* NULL: idle */
	uint64_t since_ms;
};

struct origin {
	char name[NAME_TEXT];
	struct in6_addr address;
	uint16_t port;
	struct ssl_session_st *session; /* single use */
	uint64_t used;
};

struct upstreams {
	struct loop *loop;
	struct ssl_ctx_st *tls;
	struct origin *origins;
	uint64_t uses;
	struct upstream *idle; /* the youngest first */
	unsigned n_idle;
	void (*wake)(struct exchange *x);
};

/* The host's authorities are read now, once: $SSL_CERT_FILE, else the host's bundle. */
int upstreams_open(struct upstreams *us, struct loop *l, struct err *e);
void upstreams_finish(struct upstreams *us);
/* Close all that are idle: credentials have changed. */
void upstreams_forget(struct upstreams *us);
/* Close those that were idle for too long. */
void upstreams_sweep(struct upstreams *us);

/* One for this exchange, pooled unless fresh; NULL when no connection can be begun. */
struct upstream *upstream_get(struct upstreams *us, const char *name, const struct in6_addr *a,
			      uint16_t port, bool tls, bool fresh, struct exchange *x);
/* 0: ready to be written to.  -EAGAIN; -ECONNREFUSED and the like; -EPROTO: wire.error. */
int upstream_ready(struct upstream *u);
/* The exchange is done with it: into the pool, if it is clean, or away. */
void upstream_put(struct upstream *u);

#endif
