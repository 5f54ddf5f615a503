/* SPDX-License-Identifier: Apache-2.0 */
/* Which ends are cut, and what is read of the kernel's messages. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-dns/cut.h"

static void put(struct names *n, const char *name, const char *address, uint16_t port, bool live)
{
	struct names_row row = {.until = live ? names_now() + 60000000000u : 1, .port = {port}};

	snprintf(row.name, sizeof(row.name), "%s", name);
	address_parse(address, &row.address);
	names_put(n, &row);
}

static bool is_closed(const struct cut_end *v, size_t n, const char *address, uint16_t port)
{
	struct in6_addr a;

	address_parse(address, &a);
	for (size_t i = 0; i < n; i++)
		if (v[i].port == port && memcmp(&v[i].address, &a, sizeof(a)) == 0)
			return true;
	return false;
}

static void ends(struct names *w)
{
	OWN_FREE struct cut_end *v = NULL;
	struct cidr open;
	size_t n;

	put(w, "gone.example", "192.0.2.1", 22, true);
	put(w, "gone.example", "192.0.2.2", 0, true);
	put(w, "gone.example", "192.0.2.3", 22, true);
	put(w, "gone.example", "192.0.2.4", 22, true);
	put(w, "gone.example", "2001:db8::1", 22, true);
	put(w, "kept.example", "192.0.2.3", 22, true);
	put(w, "late.example", "192.0.2.4", 22, false);
	put(w, "kept.example", "192.0.2.1", 23, true);
	put(w, "gone.example", "198.51.100.1", 22, true);
	cidr_parse("198.51.100.0/24", &open);
	v = cut_closed(w, &open, 1, &n);
	ok(n == 0, "nothing is cut while nothing is removed");
	free(v);
	names_revoke(w, "gone.example");
	v = cut_closed(w, &open, 1, &n);
	ok(is_closed(v, n, "192.0.2.1", 22), "an end of a removed name");
	ok(!is_closed(v, n, "192.0.2.1", 23), "not another port of that address");
	ok(is_closed(v, n, "192.0.2.2", 80) && is_closed(v, n, "192.0.2.2", 443),
	   "80 and 443 where the entry names none");
	ok(!is_closed(v, n, "192.0.2.3", 22), "not what another name holds");
	ok(!is_closed(v, n, "192.0.2.4", 22), "nor what one held whose pin has ended");
	ok(is_closed(v, n, "2001:db8::1", 22), "IPv6 as well");
	ok(!is_closed(v, n, "198.51.100.1", 22), "not what cidr_allow opens");
	ok(n == 4, "and nothing else: %zu", n);
}

static void sockets(void)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET, .id = {.idiag_dport = htons(22)}};
	struct cut_end end;
	uint8_t raw[sizeof(m)];

	inet_pton(AF_INET, "192.0.2.1", m.id.idiag_dst);
	memcpy(raw, &m, sizeof(m));
	ok(cut_read_socket(raw, sizeof(m), &end) && is_closed(&end, 1, "192.0.2.1", 22),
	   "a socket's other end");
	ok(!cut_read_socket(raw, sizeof(m) - 1, &end), "a short message is none");
	m.idiag_family = AF_INET6;
	inet_pton(AF_INET6, "::ffff:192.0.2.1", m.id.idiag_dst);
	memcpy(raw, &m, sizeof(m));
	ok(cut_read_socket(raw, sizeof(m), &end) && is_closed(&end, 1, "192.0.2.1", 22),
	   "an IPv4 one of an IPv6 socket");
}

static size_t attr(uint8_t *to, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(sizeof(a) + len), .nla_type = type};

	memcpy(to, &a, sizeof(a));
	if (len)
		memcpy(to + sizeof(a), data, len);
	return NLA_ALIGN(sizeof(a) + len);
}

static size_t flow_message(uint8_t *raw, const char *address, uint16_t port)
{
	uint8_t ip[64] = {0}, proto[64] = {0}, tuple[160] = {0};
	size_t ip_len, proto_len, len;
	struct in_addr a;

	inet_pton(AF_INET, address, &a);
	port = htons(port);
	ip_len = attr(ip, CTA_IP_V4_SRC, "\x0a\0\0\1", 4);
	ip_len += attr(ip + ip_len, CTA_IP_V4_DST, &a, 4);
	proto_len = attr(proto, CTA_PROTO_NUM, "\x11", 1);
	proto_len += attr(proto + proto_len, CTA_PROTO_DST_PORT, &port, 2);
	len = attr(tuple, CTA_TUPLE_IP | NLA_F_NESTED, ip, ip_len);
	len += attr(tuple + len, CTA_TUPLE_PROTO | NLA_F_NESTED, proto, proto_len);
	memset(raw, 0, sizeof(struct nfgenmsg));
	return sizeof(struct nfgenmsg) +
	       attr(raw + sizeof(struct nfgenmsg), CTA_TUPLE_ORIG | NLA_F_NESTED, tuple, len);
}

static void flows(void)
{
	uint8_t raw[256] = {0};
	size_t len = flow_message(raw, "192.0.2.1", 7000), tuple_len;
	const uint8_t *tuple;
	bool short_ones = false;
	struct cut_end end;

	ok(cut_read_flow(raw, len, &end, &tuple, &tuple_len) &&
		   is_closed(&end, 1, "192.0.2.1", 7000),
	   "a tracked flow's other end");
	ok(tuple > raw && tuple + tuple_len == raw + len, "and what names it");
	for (size_t i = 0; i < len; i++)
		short_ones |= cut_read_flow(raw, i, &end, &tuple, &tuple_len);
	ok(!short_ones, "a short message is none");
}

int main(void)
{
	struct names w = NAMES_INIT;
	struct err e = {0};
	int fd = memfd_create("names", MFD_CLOEXEC);

	if (names_create(fd, &e) < 0 || names_map(&w, fd, true, &e) < 0)
		return 1;
	ends(&w);
	sockets();
	flows();
	names_finish(&w);
	return done_testing();
}
