/* SPDX-License-Identifier: Apache-2.0 */
/* The resolvers that are asked: where they are, how fast they have been, whether they can be had.
 */
#ifndef POD_DNS_UPSTREAM_H
#define POD_DNS_UPSTREAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "libcommon/err.h"
#include "libcommon/loop.h"

struct ssl_ctx_st;
struct stream;

struct upstream {
	struct sockaddr_storage address;
	socklen_t address_len;
	char text[64 + 256]; /* as it was written */
	char tls_name[256];  /* "": no TLS */
	uint32_t rtt_ms;     /* smoothed; 0: not known yet */
	uint32_t wait_ms;    /* before another is asked */
	uint32_t failures;   /* in a row */
	uint64_t down_until; /* asked last until then */
	bool no_edns;        /* it does not understand it */
	bool no_case;        /* it does not give names back as they were spelled */
	struct stream *stream;
};

#define UPSTREAMS_MAX 8
struct upstreams {
	struct upstream v[UPSTREAMS_MAX];
	unsigned n;
	struct loop *loop;
	struct ssl_ctx_st *tls;
	uint64_t asked, lies; /* messages sent; answers that were not to what was asked */
};

/* "ADDRESS", "ADDRESS#PORT", "tls://NAME@ADDRESS", "tls://NAME@ADDRESS#PORT" */
int upstream_parse(struct upstream *u, const char *text, struct err *e);
/* Those of a resolv.conf, at most UPSTREAMS_MAX: how many were added. */
unsigned upstream_from_host(struct upstreams *us, const char *resolv_conf, size_t len);

void upstream_answered(struct upstream *u, uint64_t took_ms);
void upstream_failed(struct upstream *u, uint64_t now_ms);

/* Would the host know where to send a packet for this address?  None is sent. */
bool route_exists(const struct in6_addr *a);

/* Numbers nobody can guess, from a pool that is refilled by the kernel. */
uint32_t random_u32(void);

#endif
