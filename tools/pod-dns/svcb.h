/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS and SVCB records (RFC 9460) made safe: no ech= (the wall must see the name that is asked
 * for), no h3 (QUIC does not pass), no address hints that lead into a private network.  A record
 * that sends the client to another name is dropped: it falls back to the addresses of this one.
 */
#ifndef POD_DNS_SVCB_H
#define POD_DNS_SVCB_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/address.h"

struct svcb_filter {
	const struct cidr *open; /* private networks that hints may lead to */
	size_t n_open;
	/* each hint that stays */
	void (*hint)(void *arg, const struct in6_addr *a);
	void *arg;
};

/*
 * rdata[len] (written in place, only ever shorter).  Its new length; 0: drop the record; -EINVAL:
 * it is malformed, drop it as well.
 */
int svcb_clean(uint8_t *rdata, size_t len, const struct svcb_filter *f);

#endif
