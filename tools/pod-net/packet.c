/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/packet.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXTENSIONS_MAX 8

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

/* Source and destination port begin every such header. */
static void read_port(struct packet *p, const uint8_t *data, size_t len, size_t at)
{
	if (has_ports(p->protocol) && at + 4 <= len)
		p->port = (uint16_t)(data[at + 2] << 8 | data[at + 3]);
}

static int read_v4(struct packet *p, const uint8_t *data, size_t len)
{
	size_t head = (size_t)(data[0] & 15) * 4;

	if (len < 20 || head < 20)
		return -EINVAL;
	p->family = AF_INET;
	p->protocol = data[9];
	memcpy(&p->to, data + 16, 4);
	if ((data[6] & 0x1f) == 0 && data[7] == 0) /* the first fragment */
		read_port(p, data, len, head);
	return 0;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT;
}

static int read_v6(struct packet *p, const uint8_t *data, size_t len)
{
	size_t at = 40;

	if (len < 40)
		return -EINVAL;
	p->family = AF_INET6;
	p->protocol = data[6];
	memcpy(&p->to, data + 24, 16);
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(p->protocol) && at + 8 <= len; i++) {
		bool fragment = p->protocol == IPPROTO_FRAGMENT;

		if (fragment && ((data[at + 2] << 8 | data[at + 3]) & 0xfff8))
			return 0; /* a later fragment has no ports */
		p->protocol = data[at];
		at += fragment ? 8 : ((size_t)data[at + 1] + 1) * 8;
	}
	read_port(p, data, len, at);
	return 0;
}

int packet_read(struct packet *p, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	*p = (struct packet){0};
	if (len == 0)
		return -EINVAL;
	if (bytes[0] >> 4 == 4)
		return read_v4(p, bytes, len);
	return bytes[0] >> 4 == 6 ? read_v6(p, bytes, len) : -EINVAL;
}

const char *packet_protocol(const struct packet *p)
{
	static char number[8];

	switch (p->protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	default:
		snprintf(number, sizeof(number), "%u", p->protocol);
		return number;
	}
}
