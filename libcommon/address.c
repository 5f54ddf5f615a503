/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/unit.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct in6_addr address_v4(const uint8_t four[4])
{
	struct in6_addr a;

	memcpy(a.s6_addr, mapped, sizeof(mapped));
	memcpy(a.s6_addr + 12, four, 4);
	return a;
}

bool address_is_v4(const struct in6_addr *a)
{
	return memcmp(a->s6_addr, mapped, sizeof(mapped)) == 0;
}

const char *address_text(const struct in6_addr *a, char out[INET6_ADDRSTRLEN])
{
	if (address_is_v4(a))
		return inet_ntop(AF_INET, a->s6_addr + 12, out, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, a, out, INET6_ADDRSTRLEN);
}

int address_parse(const char *text, struct in6_addr *a)
{
	uint8_t four[4];

	if (inet_pton(AF_INET, text, four) == 1) {
		*a = address_v4(four);
		return 0;
	}
	return inet_pton(AF_INET6, text, a) == 1 ? 0 : -EINVAL;
}

static bool starts(const uint8_t *a, const uint8_t *base, unsigned bits)
{
	unsigned rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(a, base, bits / 8) == 0 &&
	       (rest == 0 || ((a[bits / 8] ^ base[bits / 8]) & mask) == 0);
}

static const struct {
	uint8_t base[4];
	uint8_t bits;
} closed4[] = {
	{{0}, 8}, /* "this network": 0.0.0.0 connects to oneself */
	{{10}, 8},       {{100, 64}, 10},  {{127}, 8},        {{169, 254}, 16},
	{{172, 16}, 12}, {{192, 168}, 16}, {{192, 0, 0}, 24}, /* protocol assignments: DS-Lite, some
								 clouds' metadata */
	{{224}, 3},                                           /* multicast, reserved, broadcast */
};

static const struct {
	uint8_t base[16];
	uint8_t bits;
} closed6[] = {
	{{0xfe, 0x80}, 10},
	{{0xfe, 0xc0}, 10},
	{{0xfc}, 7},
	{{0xff}, 8},
	{{0}, 96},                         /* ::, ::1 and the old IPv4-compatible form */
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* NAT64 of one's own */
	{{1}, 64},                         /* discard */
};

static bool private4(const uint8_t four[4])
{
	for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++)
		if (starts(four, closed4[i].base, closed4[i].bits))
			return true;
	return false;
}

bool address_is_private(const struct in6_addr *a)
{
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const uint8_t six_to_four[2] = {0x20, 0x02};

	if (address_is_v4(a))
		return private4(a->s6_addr + 12);
	if (starts(a->s6_addr, nat64, 96))
		return private4(a->s6_addr + 12);
	if (starts(a->s6_addr, six_to_four, 16))
		return private4(a->s6_addr + 2);
	for (size_t i = 0; i < sizeof(closed6) / sizeof(closed6[0]); i++)
		if (starts(a->s6_addr, closed6[i].base, closed6[i].bits))
			return true;
	return false;
}

int cidr_parse(const char *text, struct cidr *c)
{
	const char *slash = strchr(text, '/');
	char plain[INET6_ADDRSTRLEN];
	uint64_t bits;

	if (slash && (size_t)(slash - text) >= sizeof(plain))
		return -EINVAL;
	snprintf(plain, sizeof(plain), "%.*s", slash ? (int)(slash - text) : (int)strlen(text),
		 text);
	if (address_parse(plain, &c->base) < 0)
		return -EINVAL;
	bits = address_is_v4(&c->base) ? 32 : 128;
	if (slash && unit_u64(slash + 1, bits, &bits) < 0)
		return -EINVAL;
	c->bits = (uint8_t)(bits + (address_is_v4(&c->base) ? 96 : 0));
	return 0;
}

bool cidr_has(const struct cidr *c, const struct in6_addr *a)
{
	return starts(a->s6_addr, c->base.s6_addr, c->bits);
}

bool address_is_closed(const struct in6_addr *a, const struct cidr *open, size_t n)
{
	if (!address_is_private(a))
		return false;
	for (size_t i = 0; i < n; i++)
		if (cidr_has(&open[i], a))
			return false;
	return true;
}
