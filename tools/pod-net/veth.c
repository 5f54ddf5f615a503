/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends know each other's hardware address, so nobody has to be asked for it: no firewall of
 * the host's that forgets neighbour discovery is in the way, and the host's end needs no address.
 * The pod's next hop is a mere name for that end.
 *
 * The link goes with the pod's namespace, in the background.  Its name is never used again soon.
 */
#include "tools/pod-net/veth.h"

#include <net/if.h>
#include <string.h>

#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "tools/pod-net/device.h"
#include "tools/pod-net/forwarding.h"

#define INSIDE "eth0"
#define MTU    1500

struct ends {
	const struct net *net;
	const char *name;
	int ns;
	uint8_t host[6], pod[6];
};

/* Locally administered, by the pod's number. */
static struct ends ends_of(const struct net *n, const char *name, int ns)
{
	const uint8_t high = (uint8_t)(n->number >> 8), low = (uint8_t)n->number;

	return (struct ends){.net = n,
			     .name = name,
			     .ns = ns,
			     .host = {0x02, 0x65, 0x6e, high, low, 1},
			     .pod = {0x02, 0x65, 0x6e, high, low, 2}};
}

/* --- in the pod's namespace --- */

/* Of one that was killed while it built. */
static int clear(void *arg, struct err *e)
{
	struct netlink k = {0};
	int index = (int)if_nametoindex(INSIDE), r = 0;

	(void)arg;
	if (!index)
		return 0;
	if (netlink_open(&k, NETLINK_ROUTE, e) < 0)
		return -e->code;
	r = device_delete(&k, index);
	netlink_finish(&k);
	return r < 0 ? err_set(e, -r, "remove the pod's former " INSIDE) : 0;
}

static int inside_family(struct netlink *k, int index, const struct ends *x, int family)
{
	const struct net *n = x->net;
	const void *gate = family == AF_INET ? (const void *)&n->gate4 : &n->gate6;
	const void *own = family == AF_INET ? (const void *)&n->v4 : &n->v6;
	const struct device_route out = {.family = family, .gate = gate, .source = own};
	int r = device_address(k, index, family, own);

	if (r == 0)
		r = device_neighbour(k, index, family, gate, x->host);
	if (r == 0)
		r = device_route(k, index, &out);
	return device_lacks(family, r) ? 0 : r;
}

static int inside_build(struct netlink *k, const struct ends *x)
{
	uint64_t rate = plan_u64(&x->net->plan, "bandwidth_cap", 0);
	int index = (int)if_nametoindex(INSIDE), r = index ? device_quieten(k, index) : -errno;

	if (r == 0 && rate)
		r = device_shape(k, index, rate);
	if (r == 0)
		r = device_up(k, index, NULL);
	if (r == 0)
		r = inside_family(k, index, x, AF_INET);
	return r < 0 ? r : inside_family(k, index, x, AF_INET6);
}

static int inside(void *arg, struct err *e)
{
	struct netlink k = {0};
	int r = netlink_open(&k, NETLINK_ROUTE, e);

	if (r < 0)
		return r;
	r = inside_build(&k, arg);
	netlink_finish(&k);
	return r < 0 ? err_set(e, -r, "furnish the pod's " INSIDE) : 0;
}

/* --- in the host's --- */

static int outside_family(struct netlink *k, int index, const struct ends *x, int family)
{
	const struct net *n = x->net;
	const void *pod = family == AF_INET ? (const void *)&n->v4 : &n->v6;
	const struct device_route in = {.family = family, .to = pod};
	int r = device_neighbour(k, index, family, pod, x->pod);

	if (r == 0)
		r = device_route(k, index, &in);
	return device_lacks(family, r) ? 0 : r;
}

static int outside_build(struct netlink *k, int index, const struct ends *x)
{
	uint64_t rate = plan_u64(&x->net->plan, "bandwidth_cap", 0);
	OWN_FREE char *remark = xfmt(VETH_REMARK "%s", x->net->pod.runpath);
	int r = device_quieten(k, index);

	if (r == 0 && rate)
		r = device_shape(k, index, rate);
	if (r == 0)
		r = device_up(k, index, remark);
	if (r == 0)
		r = outside_family(k, index, x, AF_INET);
	return r < 0 ? r : outside_family(k, index, x, AF_INET6);
}

static int make_pair(struct netlink *k, const struct ends *x, struct err *e)
{
	const struct device_pair p = {.near = x->name,
				      .far = INSIDE,
				      .far_ns = x->ns,
				      .mtu = MTU,
				      .near_mac = x->host,
				      .far_mac = x->pod};
	int r = device_pair(k, &p);

	return r < 0 ? err_set(e, -r, "make the link %s to the pod%s", x->name,
			       r == -EOPNOTSUPP ? " (modprobe veth)" : "")
		     : 0;
}

static int outside(struct netlink *k, const struct ends *x, struct err *e)
{
	int index, r = make_pair(k, x, e);

	if (r < 0)
		return r;
	index = (int)if_nametoindex(x->name);
	r = index ? outside_build(k, index, x) : -errno;
	return r < 0 ? err_set(e, -r, "furnish the host's %s", x->name) : 0;
}

int veth_make(const struct net *n, const char *name, int ns, struct err *e)
{
	struct ends x = ends_of(n, name, ns);
	struct netlink k = {0};
	int r = netns_within(ns, clear, NULL, e);

	if (r == 0)
		r = netlink_open(&k, NETLINK_ROUTE, e);
	if (r == 0)
		r = outside(&k, &x, e);
	netlink_finish(&k);
	if (r == 0)
		r = forwarding_of_link(name, e);
	return r < 0 ? r : netns_within(ns, inside, &x, e);
}

static void note_other(void *arg, const char *name, const char *remark)
{
	OWN_FREE char *ours = xfmt(VETH_REMARK "%s/", pod_run_dir());

	if (strncmp(name, VETH_PREFIX, strlen(VETH_PREFIX)) == 0 &&
	    strncmp(remark, VETH_REMARK, strlen(VETH_REMARK)) == 0 &&
	    strncmp(remark, ours, strlen(ours)) != 0)
		*(int *)arg = 1;
}

int veth_others(struct err *e)
{
	int others = 0, r = device_remarks(note_other, &others);

	return r < 0 ? err_set(e, -r, "ask for the host's links") : others;
}

int veth_remove(const char *name, struct err *e)
{
	struct netlink k = {0};
	int index = (int)if_nametoindex(name), r;

	if (!index)
		return 0;
	r = netlink_open(&k, NETLINK_ROUTE, e);
	if (r == 0) {
		r = device_delete(&k, index);
		r = r < 0 && r != -ENODEV ? err_set(e, -r, "remove the link %s", name) : 0;
	}
	netlink_finish(&k);
	return r;
}
