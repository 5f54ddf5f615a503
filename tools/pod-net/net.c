/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each pod has one address of each family, by its number: no table of who has what, and no two pods
 * can meet on one.  The first of a subnet is the gate that all pods of it share.
 */
#include "tools/pod-net/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/netid.h"
#include "tools/pod-net/forwarding.h"

#define ULA      "fd65:6e76:706f:6400::" /* "e" "nv" "po" "d" */
#define ULA_BITS 64
#define DEFAULT4 "10.200.0.0/16"

/* Secrets are put in, or requests judged, at ports that a pod file or somebody live names. */
static bool has_secrets(const struct net *n)
{
	return plan_is(&n->plan, "vault.proxy", "yes") || plan_str(&n->plan, "vault.bind", NULL) ||
	       plan_str(&n->plan, "http.rule", NULL) || plan_str(&n->plan, "screen.mode", NULL) ||
	       faccessat(n->pod.dir, "policy/proxy", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int choose(struct net *n, struct err *e)
{
	const char *mode = plan_str(&n->plan, "network", "none");

	if (strcmp(mode, "none") == 0)
		return err_set(e, ERR_PLAIN, "pod %s has no network to build (network.mode: None)",
			       n->pod.name);
	if (strcmp(mode, "unsafe") == 0)
		return err_set(e, ERR_PLAIN,
			       "pod %s has the host's own network, nothing is to be built "
			       "(network.mode: Unsafe)",
			       n->pod.name);
	n->veth = plan_is(&n->plan, "engine", "veth");
	n->six = n->veth && forwarding_has_six();
	n->looks = n->veth && has_secrets(n);
	n->open = strcmp(mode, "monitored") == 0 && plan_is(&n->plan, "dns.mode", "monitor");
	return 0;
}

int net_load(struct net *n, const char *pod, struct err *e)
{
	int r = pod_open(&n->pod, pod, e);

	if (r == 0)
		r = pod_lock(&n->pod, 10000, e);
	if (r == 0)
		r = plan_open(&n->plan, &n->pod, e);
	if (r == 0)
		r = choose(n, e);
	if (r < 0)
		return r;
	n->number = netid_get(&n->pod, e);
	if (n->number < 0)
		return n->number;
	return net_addresses(n, plan_str(&n->plan, "subnet", DEFAULT4), e);
}

void net_finish(struct net *n)
{
	pod_finish(&n->pod);
	plan_finish(&n->plan);
}

/* Number N has the address N + 1 of the subnet; the last one is not used either. */
static int place_v4(struct net *n, const char *subnet, const char *slash, struct err *e)
{
	unsigned long length = strtoul(slash + 1, NULL, 10);
	uint64_t room = length <= 32 ? UINT64_C(1) << (32 - length) : 0;
	struct in_addr base;
	char text[INET_ADDRSTRLEN];

	snprintf(text, sizeof(text), "%.*s", (int)(slash - subnet), subnet);
	if (inet_pton(AF_INET, text, &base) != 1 || length > 32)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "network.subnet: %s is none",
				  subnet);
	if ((uint64_t)n->number + 2 > room)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "network.subnet: %s has no room for pod number %d; choose a "
				  "larger one",
				  subnet, n->number);
	n->subnet4 = (struct cidr){address_v4((uint8_t *)&base), (uint8_t)(96 + length)};
	n->gate4.s_addr = htonl(ntohl(base.s_addr) + 1);
	n->v4.s_addr = htonl(ntohl(base.s_addr) + (uint32_t)n->number + 1);
	return 0;
}

/* Below the default of IPv6 there is room for what IPv4 subnets there are: by its own one, a pod of
 * another state directory has other addresses of both families. */
static void place_ula(struct in6_addr *base, const struct cidr *subnet4, const char *subnet)
{
	if (strcmp(subnet, DEFAULT4) != 0)
		memcpy(&base->s6_addr[8], &subnet4->base.s6_addr[12], 4);
}

static void place_v6(struct net *n, const struct in6_addr *base)
{
	uint32_t low = htonl((uint32_t)n->number + 1), gate = htonl(1);

	n->v6 = n->gate6 = *base;
	memcpy(&n->v6.s6_addr[12], &low, 4);
	memcpy(&n->gate6.s6_addr[12], &gate, 4);
}

/* A subnet of the user's is IPv4 or IPv6; the other family keeps its default. */
int net_addresses(struct net *n, const char *subnet, struct err *e)
{
	const char *slash = strchr(subnet, '/');
	struct in6_addr base;
	char text[INET6_ADDRSTRLEN];
	int r;

	inet_pton(AF_INET6, ULA, &base);
	n->subnet6.bits = ULA_BITS;
	if (slash && strchr(subnet, ':')) {
		snprintf(text, sizeof(text), "%.*s", (int)(slash - subnet), subnet);
		if (inet_pton(AF_INET6, text, &base) != 1 || strtoul(slash + 1, NULL, 10) > 96)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "network.subnet: %s is none with 32 bits for pods",
					  subnet);
		n->subnet6.bits = (uint8_t)strtoul(slash + 1, NULL, 10);
		subnet = DEFAULT4;
		slash = strchr(subnet, '/');
	}
	n->subnet6.base = base;
	r = slash ? place_v4(n, subnet, slash, e)
		  : err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "network.subnet: %s is none", subnet);
	if (r == 0) {
		place_ula(&base, &n->subnet4, subnet);
		place_v6(n, &base);
	}
	return r;
}

void net_line(const struct net *n, struct buf *b)
{
	char v4[INET_ADDRSTRLEN], v6[INET6_ADDRSTRLEN];

	buf_fmt(b, "%s %s/32 %s/128\n", n->veth ? "veth" : "sockets",
		inet_ntop(AF_INET, &n->v4, v4, sizeof(v4)),
		inet_ntop(AF_INET6, &n->v6, v6, sizeof(v6)));
}
