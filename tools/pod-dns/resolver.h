/* SPDX-License-Identifier: Apache-2.0 */
/* Names to answers: out of the cache, or from upstream; who asks for the same waits together. */
#ifndef POD_DNS_RESOLVER_H
#define POD_DNS_RESOLVER_H

#include <stdint.h>

#include "tools/pod-dns/answers.h"
#include "tools/pod-dns/ask.h"
#include "tools/pod-dns/reply.h"
#include "tools/pod-dns/upstream.h"

#define RESOLVER_LOOKUPS 256  /* at once; beyond it questions are turned away */
#define RESOLVER_WANTS   2048 /* who waits for them */
#define RESOLVER_CACHE   (4u << 20)

struct lookup;

struct resolver {
	struct upstreams upstreams;
	struct answers *cache;
	struct reply_filter filter;
	struct lookup *lookups;
	unsigned n_lookups, n_wants, generation;
	struct loop *loop;
};

struct want {
	struct name name; /* lower case */
	uint16_t type;
	const struct name *instead; /* of a remap: the name that is asked for; NULL: name itself */
	/* answer is NULL when there is none; why says so to a person */
	void (*done)(void *arg, const struct answer *a, const char *why);
	void *arg;
};

enum resolver_state { RESOLVER_BUSY = -1, RESOLVER_WAIT, RESOLVER_READY };

void resolver_init(struct resolver *r, struct loop *l);
void resolver_finish(struct resolver *r);
/* READY: *a is filled in and stands until the next call.  WAIT: done will be called later.
 * BUSY: too many wait already. */
enum resolver_state resolver_get(struct resolver *r, const struct want *w, struct answer *a);
/* The rules have changed: nothing that was found under the old ones is kept. */
void resolver_forget(struct resolver *r);
/* The upstreams are about to change: who waits is told that it failed, and asks again. */
void resolver_restart(struct resolver *r);
/* Do what is due; ms until there is something again, -1 for nothing. */
int resolver_tick(struct resolver *r);

#endif
