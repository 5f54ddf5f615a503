/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an upstream said, made into what the pod is told: only records on the chain from the name
 * that was asked to its data, only addresses that may be shown, written anew.  No byte of the
 * upstream's message is passed on as it was.
 */
#ifndef POD_DNS_REPLY_H
#define POD_DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/address.h"
#include "tools/pod-dns/message.h"

#define REPLY_RECORDS   256
#define REPLY_ADDRESSES 24 /* of each kind; every one is pinned */
#define REPLY_HOPS      16
#define REPLY_TTL_MAX   86400
#define REPLY_TTL_NONE  300 /* of a negative answer, at most */

struct reply_address {
	struct in6_addr address;
	uint32_t ttl;
};

struct reply_record {
	uint16_t start, ttl; /* offsets in data */
};

struct reply {
	uint8_t *data; /* whole message: id 0, one question, no OPT */
	uint16_t len, n_records, n_answers, n_addresses;
	uint8_t rcode;
	bool is_filtered; /* addresses were kept back: they are private */
	uint32_t ttl;     /* how long it may be kept; 0: not at all */
	struct reply_record records[REPLY_RECORDS];
	struct reply_address addresses[2 * REPLY_ADDRESSES];

	/* while it is made */
	uint16_t type;
	struct name now; /* the end of the chain so far */
	unsigned hops;
	struct packet packet;
};

struct reply_filter {
	const struct cidr *open; /* private networks that answers may point to */
	size_t n_open;
	/* Can the host get there?  NULL: it is not asked. */
	bool (*has_route)(const struct in6_addr *a);
};

enum reply_state {
	REPLY_BAD = -1, /* malformed, or an error of the upstream's (rcode tells) */
	REPLY_DONE,
	REPLY_CHASE, /* the chain ends in r->now, of which nothing was said: ask for it and feed
			again */
};

/* buffer[MESSAGE_MAX] belongs to the caller, for as long as the reply is used. */
void reply_begin(struct reply *r, uint8_t *buffer, const struct name *name, uint16_t type);
/* Of a remap: begin with a CNAME of our own. */
void reply_alias(struct reply *r, const struct name *target);
/* Of a remap to an address: all of the reply. */
void reply_fixed(struct reply *r, const struct in6_addr *a, uint32_t ttl);
enum reply_state reply_feed(struct reply *r, const uint8_t *msg, size_t len,
			    const struct reply_filter *f);

#endif
