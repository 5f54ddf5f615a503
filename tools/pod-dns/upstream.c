/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

#define WAIT_FIRST  400
#define WAIT_LEAST  150
#define WAIT_MOST   1600
#define DOWN_AFTER  3
#define DOWN_FOR_MS 5000

static int set_address(struct upstream *u, const char *address, unsigned port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&u->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&u->address;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		u->address_len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1)
		return -EINVAL;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	u->address_len = sizeof(*v6);
	return 0;
}

int upstream_parse(struct upstream *u, const char *text, struct err *e)
{
	const char *host = text, *at, *hash;
	char plain[INET6_ADDRSTRLEN];
	uint64_t port = 53;

	*u = (struct upstream){.wait_ms = WAIT_FIRST};
	snprintf(u->text, sizeof(u->text), "%s", text);
	if (strncmp(text, "tls://", 6) == 0 && (at = strchr(text, '@'))) {
		size_t n = (size_t)(at - text) - 6;

		if (n == 0 || n >= sizeof(u->tls_name))
			goto wrong;
		memcpy(u->tls_name, text + 6, n);
		host = at + 1;
		port = 853;
	}
	hash = strchr(host, '#');
	if (hash && (unit_u64(hash + 1, 65535, &port) < 0 || port == 0))
		goto wrong;
	if ((hash ? (size_t)(hash - host) : strlen(host)) >= sizeof(plain))
		goto wrong;
	snprintf(plain, sizeof(plain), "%.*s", hash ? (int)(hash - host) : (int)strlen(host), host);
	if (set_address(u, plain, (unsigned)port) == 0)
		return 0;
wrong:
	return err_status(e, 78, ERR_PLAIN,
			  "resolver '%.200s' is not ADDRESS, ADDRESS#PORT or tls://NAME@ADDRESS",
			  esc(text));
}

unsigned upstream_from_host(struct upstreams *us, const char *resolv_conf, size_t len)
{
	const char *p = resolv_conf, *end = resolv_conf + len;
	unsigned added = 0;

	while (p < end && us->n < UPSTREAMS_MAX) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		char word[INET6_ADDRSTRLEN + 16];
		struct err e = {0};
		size_t n;

		stop = stop ? stop : end;
		if (stop - p > 11 && memcmp(p, "nameserver", 10) == 0 &&
		    (p[10] == ' ' || p[10] == '\t')) {
			for (p += 11; p < stop && (*p == ' ' || *p == '\t'); p++)
				;
			for (n = 0; p + n < stop && n < sizeof(word) - 1 && p[n] > ' '; n++)
				word[n] = p[n];
			word[n] = '\0';
			if (upstream_parse(&us->v[us->n], word, &e) == 0) {
				us->n++;
				added++;
			}
		}
		p = stop + 1;
	}
	return added;
}

void upstream_answered(struct upstream *u, uint64_t took_ms)
{
	uint32_t took = took_ms > 10000 ? 10000 : (uint32_t)took_ms + 1;

	u->rtt_ms = u->rtt_ms ? (u->rtt_ms * 7 + took) / 8 : took;
	u->wait_ms = u->rtt_ms * 4;
	if (u->wait_ms < WAIT_LEAST)
		u->wait_ms = WAIT_LEAST;
	if (u->wait_ms > WAIT_MOST)
		u->wait_ms = WAIT_MOST;
	u->failures = 0;
	u->down_until = 0;
}

void upstream_failed(struct upstream *u, uint64_t now_ms)
{
	u->wait_ms = u->wait_ms * 2 > WAIT_MOST ? WAIT_MOST : u->wait_ms * 2;
	if (++u->failures >= DOWN_AFTER)
		u->down_until = now_ms + DOWN_FOR_MS;
}

bool route_exists(const struct in6_addr *a)
{
	const struct sockaddr_in6 to = {
		.sin6_family = AF_INET6, .sin6_port = htons(443), .sin6_addr = *a};
	OWN_FD int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

uint32_t random_u32(void)
{
	static uint32_t pool[64];
	static unsigned left;

	if (left == 0) {
		if (getrandom(pool, sizeof(pool), 0) != sizeof(pool))
			abort(); /* guessable ids would let anybody answer for the upstream */
		left = sizeof(pool) / sizeof(pool[0]);
	}
	return pool[--left];
}
