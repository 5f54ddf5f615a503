/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs look for an interface that is up and has an address and a default route; none of them
 * must lead anywhere in the sockets engine, where every packet is redirected or refused before it
 * would leave.  A default route by `lo` would do for TCP, but the rejects of UDP would never reach
 * the program.  A dummy device is not in every kernel: a veth pair that stays at home is.
 */
#include "tools/pod-net/link.h"

#include <net/if.h>

#include "tools/pod-net/device.h"

#define NEAR "eth0"
#define FAR  "nowhere0"
#define MTU  65535 /* what is sent never leaves: large segments cost less */

static int make_pair(struct netlink *k)
{
	const struct device_pair p = {.near = NEAR, .far = FAR, .far_ns = -1, .mtu = MTU};
	int r = device_pair(k, &p);

	return r == -EEXIST ? 0 : r;
}

static int add_family(struct netlink *k, int index, int family, const void *address, struct err *e)
{
	const char *name = family == AF_INET ? "IPv4" : "IPv6";
	const struct device_route everywhere = {.family = family, .source = address};
	int r = device_address(k, index, family, address);

	if (device_lacks(family, r))
		return 0;
	if (r < 0)
		return err_set(e, -r, "give the pod its %s address", name);
	r = device_route(k, index, &everywhere);
	return r < 0 ? err_set(e, -r, "give the pod its %s route", name) : 0;
}

static int end_up(struct netlink *k, const char *name, struct err *e)
{
	int index = (int)if_nametoindex(name), r = index ? device_quieten(k, index) : -errno;

	if (r == 0)
		r = device_up(k, index, NULL);
	return r < 0 ? err_set(e, -r, "bring up %s in the pod", name) : index;
}

static int build(const struct net *n, struct netlink *k, struct err *e)
{
	int index, r = make_pair(k);

	if (r < 0)
		return err_set(e, -r, "make a veth pair in the pod%s",
			       r == -EOPNOTSUPP ? " (modprobe veth)" : "");
	r = end_up(k, FAR, e);
	if (r < 0)
		return r;
	index = end_up(k, NEAR, e);
	if (index < 0)
		return index;
	r = add_family(k, index, AF_INET, &n->v4, e);
	return r < 0 ? r : add_family(k, index, AF_INET6, &n->v6, e);
}

int link_nowhere(const struct net *n, struct err *e)
{
	struct netlink k = {0};
	int r = netlink_open(&k, NETLINK_ROUTE, e);

	if (r == 0)
		r = build(n, &k, e);
	netlink_finish(&k);
	return r;
}
