/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-net/packet.h"

static const uint8_t v4[] = {0x45, 0,   0, 40, 0,   0, 0, 0, 64,   6,    0,    0,
			     10,   200, 0, 2,  192, 0, 2, 1, 0xc0, 0x01, 0x01, 0xbb};
static const uint8_t v6[48] = {
	0x60, [6] = 17, [24] = 0x20, 0x01, 0x0d, 0xb8, [39] = 1, [40] = 0xc0, 1, 0, 53};

static void is_to(const struct packet *p, const char *address, int port, const char *protocol)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(p->family, &p->to, text, sizeof(text));
	is_str(text, address, "to %s", address);
	ok(p->port == port, "port %d", port);
	is_str(packet_protocol(p), protocol, "%s", protocol);
}

static void plain(void)
{
	struct packet p;

	ok(packet_read(&p, v4, sizeof(v4)) == 0, "an IPv4 packet");
	is_to(&p, "192.0.2.1", 443, "tcp");
	ok(packet_read(&p, v6, sizeof(v6)) == 0, "an IPv6 packet");
	is_to(&p, "2001:db8::1", 53, "udp");
}

static void odd(void)
{
	uint8_t data[80];
	struct packet p;

	memcpy(data, v4, sizeof(v4));
	data[0] = 0x46;
	ok(packet_read(&p, data, sizeof(v4)) == 0 && p.port == 0,
	   "options: the port is out of reach");
	data[0] = 0x44;
	ok(packet_read(&p, data, sizeof(v4)) < 0, "a head that is too short");
	data[0] = 0x45;
	data[7] = 8;
	ok(packet_read(&p, data, sizeof(v4)) == 0 && p.port == 0, "a later fragment has no port");
	memset(data, 0, sizeof(data));
	memcpy(data, v6, 40);
	data[6] = 60;
	data[40] = 6;
	data[51] = 22;
	ok(packet_read(&p, data, 52) == 0 && p.port == 22 && p.protocol == 6,
	   "behind an extension");
	data[40] = 60;
	data[41] = 255;
	ok(packet_read(&p, data, sizeof(data)) == 0 && p.port == 0, "one that claims too much");
	data[6] = 99;
	ok(packet_read(&p, data, 48) == 0, "an unknown protocol");
	is_str(packet_protocol(&p), "99", "by its number");
}

static void cut_short(void)
{
	struct packet p;
	int good = 0;

	for (size_t n = 0; n <= sizeof(v4); n++)
		good += packet_read(&p, v4, n) == 0;
	ok(good == (int)sizeof(v4) - 19, "IPv4: from 20 bytes on");
	good = 0;
	for (size_t n = 0; n <= sizeof(v6); n++)
		good += packet_read(&p, v6, n) == 0;
	ok(good == (int)sizeof(v6) - 39, "IPv6: from 40 bytes on");
}

int main(void)
{
	plain();
	odd();
	cut_short();
	return done_testing();
}
