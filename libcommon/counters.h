/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemons of a pod's network count: RUN/NAME/counters/SERVICE, a page of numbers in shared
 * memory for each of them.  The daemon opens its own while it is root and goes on writing it locked
 * down; nobody else can.  The pages stay when the network goes, so that numbers only grow until the
 * host is booted again or the pod is gone.  A reader believes nothing but that they are numbers.
 */
#ifndef LIBCOMMON_COUNTERS_H
#define LIBCOMMON_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

enum counter {
	COUNT_UP,   /* bytes the pod sent out of its network */
	COUNT_DOWN, /* bytes it received */
	COUNT_CONNECTIONS,
	COUNT_DNS_QUERIES, /* those denied among them */
	COUNT_DNS_DENIED,
	COUNT_REQUESTS, /* of HTTP, as far as they can be seen; those denied among them */
	COUNT_REQUESTS_DENIED,
	COUNT_TOKENS, /* of models, in and out, by their own word */
	COUNTER_KINDS,
};
extern const char *const counter_names[COUNTER_KINDS];

/* Who counts; the names of the pages. */
enum counters_of { COUNTS_NET, COUNTS_DNS, COUNTS_PROXY, COUNTS_FORWARD, COUNTS_INJECT, COUNTS_OF };

struct counters {
	_Atomic uint64_t n[COUNTER_KINDS];
	/* Of a device: which one, and what it said last. */
	_Atomic uint64_t device, last[2];
};

/* Map one daemon's page, made when missing; -errno with e set. */
int counters_open(struct counters **c, const struct pod *p, enum counters_of who, struct err *e);
/* NULL is a page, too: then nobody counts. */
static inline void counters_add(struct counters *c, enum counter which, uint64_t n)
{
	if (c)
		atomic_fetch_add_explicit(&c->n[which], n, memory_order_relaxed);
}
void counters_close(struct counters *c);

/*
 * What passed the pod's own link (engine veth, where the relay does not see all) since the last
 * call: it is added to the page of COUNTS_NET, which the caller has opened.  By root; several may.
 */
void counters_take_link(struct counters *net, const struct pod *p);

/* All pages of a pod, mapped for reading, those that are not there yet made empty. */
struct counters_all {
	const struct counters *of[COUNTS_OF];
};
int counters_open_all(struct counters_all *all, const struct pod *p, struct err *e);
void counters_sum(const struct counters_all *all, uint64_t sum[COUNTER_KINDS]);
void counters_close_all(struct counters_all *all);

#endif
