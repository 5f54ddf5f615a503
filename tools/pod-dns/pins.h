/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that were handed out: elements of the sets pins4 and pins6 in the pod's netns (the wall
 * itself) and rows of the table of names (which the relay reads).  An address is pinned before
 * anybody hears of it, for as long as its record lives and at least pin_min; it is counted by
 * (name, address), so that it goes when its last name does.
 */
#ifndef POD_DNS_PINS_H
#define POD_DNS_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/names.h"
#include "tools/pod-dns/reply.h"
#include "tools/pod-dns/rules.h"

#define PINS_MAX      8000 /* below the table's size */
#define PINS_PER_NAME 64   /* of a name that goes round; the oldest goes */

struct pins;

/* nft: netlink socket of the pod's netns; names: the table.  Either may be missing (-1, NULL):
 * then that part is left out (a resolver tried by hand).  Takes over what stands in the table. */
struct pins *pins_new(int nft, struct names *names, uint32_t pin_min);
void pins_free(struct pins *p);
size_t pins_count(const struct pins *p);

struct pins_answer {
	const char *name; /* in lower case */
	const struct rules_ports *ports;
	const struct reply_address *v;
	size_t n;
	uint32_t age; /* seconds by which their TTLs are shorter by now */
};

/* Pin all of these; now in ns of names_now().  -ENOSPC: too many; -errno of netlink.  After an
 * error none of them may be told. */
int pins_add(struct pins *p, const struct pins_answer *w, uint64_t now);

/* Take away what the rules do not allow any more; how many names were concerned. */
typedef bool (*pins_judge)(void *arg, const char *name, struct rules_ports *ports);
unsigned pins_review(struct pins *p, pins_judge allowed, void *arg, uint64_t now);

/* Forget what has expired (the kernel has already). */
void pins_sweep(struct pins *p, uint64_t now);

#endif
