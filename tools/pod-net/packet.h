/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a packet that the pod sent: hostile bytes. */
#ifndef POD_NET_PACKET_H
#define POD_NET_PACKET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct packet {
	int family;         /* AF_INET, AF_INET6 */
	struct in6_addr to; /* IPv4 in the first four bytes */
	uint8_t protocol;   /* the last header that could be reached */
	uint16_t port;      /* of TCP, UDP, UDP-Lite, SCTP, DCCP; 0: none, or not in these bytes */
};

/* Read an IPv4 or IPv6 packet, cut anywhere.  -EINVAL when there is no whole address in it. */
int packet_read(struct packet *p, const void *data, size_t len);

/* "tcp", "udp", "icmp", "icmp6", or the number. */
const char *packet_protocol(const struct packet *p);

#endif
