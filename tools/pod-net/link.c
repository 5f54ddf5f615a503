/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs look for an interface that is up and has an address and a default route; none of them
 * must lead anywhere in the sockets engine, where every packet is redirected or refused before it
 * would leave.  A default route by `lo` would do for TCP, but the rejects of UDP would never reach
 * the program.  A dummy device is not in every kernel: a veth pair that stays at home is.
 */
#include "tools/pod-net/link.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>

#include "tools/pod-net/netlink.h"

#define NEAR "eth0"
#define FAR  "nowhere0"
#define MTU  65535 /* what is sent never leaves: large segments cost less */

static int make_pair(struct netlink *k)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct nlattr *info, *data, *peer;
	int r;

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m, IFLA_IFNAME, NEAR);
	mnl_attr_put_u32(m, IFLA_MTU, MTU);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(m, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m, IFLA_IFNAME, FAR);
	mnl_attr_nest_end(m, peer);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	r = netlink_talk(k, m, NULL, NULL);
	return r == -EEXIST ? 0 : r;
}

/* No link-local address of its own, which would be announced and searched for duplicates. */
static int quieten(struct netlink *k, int index)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));
	struct nlattr *spec, *six;
	int r;

	i->ifi_index = index;
	spec = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	six = mnl_attr_nest_start(m, AF_INET6);
	mnl_attr_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(m, six);
	mnl_attr_nest_end(m, spec);
	r = netlink_talk(k, m, NULL, NULL);
	return r == -EAFNOSUPPORT ? 0 : r; /* a host without IPv6 */
}

static int bring_up(struct netlink *k, int index)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));

	i->ifi_index = index;
	i->ifi_flags = i->ifi_change = IFF_UP;
	return netlink_talk(k, m, NULL, NULL);
}

static int add_address(struct netlink *k, int index, int family, const void *address)
{
	size_t size = family == AF_INET ? 4 : 16;
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(m, sizeof(*a));

	a->ifa_family = (uint8_t)family;
	a->ifa_prefixlen = (uint8_t)(size * 8);
	a->ifa_index = (uint32_t)index;
	a->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	mnl_attr_put(m, IFA_LOCAL, size, address);
	mnl_attr_put(m, IFA_ADDRESS, size, address);
	return netlink_talk(k, m, NULL, NULL);
}

static int add_default(struct netlink *k, int index, int family, const void *source)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct rtmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));

	t->rtm_family = (uint8_t)family;
	t->rtm_table = RT_TABLE_MAIN;
	t->rtm_protocol = RTPROT_STATIC;
	t->rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	t->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(m, RTA_OIF, (uint32_t)index);
	mnl_attr_put(m, RTA_PREFSRC, family == AF_INET ? 4 : 16, source);
	return netlink_talk(k, m, NULL, NULL);
}

static int add_family(struct netlink *k, int index, int family, const void *address, struct err *e)
{
	const char *name = family == AF_INET ? "IPv4" : "IPv6";
	int r = add_address(k, index, family, address);

	if (family == AF_INET6 && (r == -EAFNOSUPPORT || r == -EOPNOTSUPP || r == -EACCES))
		return 0; /* no IPv6 here, or it is disabled */
	if (r < 0)
		return err_set(e, -r, "give the pod its %s address", name);
	r = add_default(k, index, family, address);
	return r < 0 ? err_set(e, -r, "give the pod its %s route", name) : 0;
}

static int end_up(struct netlink *k, const char *name, struct err *e)
{
	int index = (int)if_nametoindex(name), r = index ? quieten(k, index) : -errno;

	if (r == 0)
		r = bring_up(k, index);
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
