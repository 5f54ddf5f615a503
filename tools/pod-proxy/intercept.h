/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay's side of injection: which connections are not its own to carry.  They are handed over
 * or reset, never carried as they are.
 */
#ifndef POD_PROXY_INTERCEPT_H
#define POD_PROXY_INTERCEPT_H

#include <netinet/in.h>

#include "libcommon/canary.h"
#include "libcommon/loop.h"
#include "tools/pod-proxy/sites.h"

struct relay;
struct conn;

struct intercept {
	int policy, net; /* directories */
	struct sites sites;
	struct canaries *canaries;
	struct watch changed;  /* the policy */
	struct watch injector; /* fd -1: not connected */
};

/* By root, before lock-down. */
int intercept_open(struct relay *r, struct err *e);
void intercept_finish(struct relay *r);

/* Is a name looked for on this port? */
bool intercept_port(const struct relay *r, uint16_t port);
bool intercept_wants(const struct relay *r, const char *name, uint16_t port);
/* May it be meant by who goes there without a name? */
bool intercept_address(const struct relay *r, const struct in6_addr *a, uint16_t port);
/* Of a head that goes out in plain: is the dummy of a key in it, which is not bound to that host?
 */
void intercept_look(const struct conn *c, const char *name, const char *head, size_t len);
/* Hand it over; where nobody takes it, it waits for a moment.  c may be gone afterwards. */
void intercept_take(struct conn *c);

#endif
