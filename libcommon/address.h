/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as answers carry them; IPv4 is kept as ::ffff:a.b.c.d. */
#ifndef LIBCOMMON_ADDRESS_H
#define LIBCOMMON_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct in6_addr address_v4(const uint8_t four[4]);
bool address_is_v4(const struct in6_addr *a);
/* Without the mapping's prefix. */
const char *address_text(const struct in6_addr *a, char out[INET6_ADDRSTRLEN]);
int address_parse(const char *text, struct in6_addr *a); /* -EINVAL */

/*
 * Does it lead into somebody's own network: private, shared, loopback, link-local, metadata,
 * multicast, unspecified; also when an IPv6 form carries such an IPv4 address?  Documentation and
 * benchmarking ranges are public.
 */
bool address_is_private(const struct in6_addr *a);

struct cidr {
	struct in6_addr base;
	uint8_t bits; /* of 128 */
};
int cidr_parse(const char *text,
	       struct cidr *c); /* "10.0.0.0/8", "fd00::/8", one address; -EINVAL */
bool cidr_has(const struct cidr *c, const struct in6_addr *a);

/* Private, and in none of these. */
bool address_is_closed(const struct in6_addr *a, const struct cidr *open, size_t n);

#endif
