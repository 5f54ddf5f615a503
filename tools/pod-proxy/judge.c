/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>

#include "tools/pod-proxy/relay.h"

const char *rule_text(enum rule r)
{
	static const char *const text[] = {
		[RULE_NONE] = "none",       [RULE_NAME] = "name",       [RULE_PIN] = "pin",
		[RULE_NETWORK] = "network", [RULE_MONITOR] = "monitor", [RULE_FORWARD] = "forward",
	};

	return text[r];
}

bool is_open_network(const struct relay *r, const struct in6_addr *a)
{
	for (size_t i = 0; i < r->n_open; i++)
		if (cidr_has(&r->open[i], a))
			return true;
	return false;
}

/* A datagram socket is connected, which sends nothing, and asked where it would send from: the
 * host reaches its own addresses from themselves.  It must forget the last one first: it would
 * keep its address, and every other one of the host's would pass for somebody else's. */
static bool is_own(const struct relay *r, const struct in6_addr *a, uint16_t port)
{
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = *a};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	bool v4 = address_is_v4(a);
	int fd = r->route[!v4];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);

	memcpy(&four.sin_addr, a->s6_addr + 12, 4);
	if (fd < 0 || connect(fd, &nowhere, sizeof(nowhere)) < 0 ||
	    connect(fd, v4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		    v4 ? sizeof(four) : sizeof(six)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&from, &len) < 0)
		return false; /* no way there: the connection will say so */
	if (v4)
		return memcmp(&((struct sockaddr_in *)&from)->sin_addr, &four.sin_addr, 4) == 0;
	return memcmp(&((struct sockaddr_in6 *)&from)->sin6_addr, a, sizeof(*a)) == 0;
}

/* Unspecified, loopback, link-local, multicast, reserved: never meant, whatever the wall let by. */
static bool is_special(const struct in6_addr *a)
{
	const uint8_t *b = a->s6_addr;

	if (address_is_v4(a))
		return b[12] == 0 || b[12] == 127 || (b[12] == 169 && b[13] == 254) || b[12] >= 224;
	return IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_LINKLOCAL(a) ||
	       IN6_IS_ADDR_MULTICAST(a);
}

const char *judge_address(const struct relay *r, const struct in6_addr *a, uint16_t port)
{
	if (is_open_network(r, a))
		return NULL;
	if (is_special(a))
		return "special_address";
	return is_own(r, a, port) ? "host_address" : NULL;
}

const char *judge_name(const struct relay *r, const char *name, const struct in6_addr *a,
		       uint16_t port)
{
	static const char *const why[] = {
		[NAMES_NONE] = "name_not_of_address",
		[NAMES_EXPIRED] = "name_expired",
		[NAMES_REVOKED] = "name_removed",
	};
	enum names_state s = names_find(&r->names, name, a, port);

	return s == NAMES_PINNED ? NULL : why[s];
}
