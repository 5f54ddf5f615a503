/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/device.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static size_t size_of(int family)
{
	return family == AF_INET ? 4 : 16;
}

static void put_end(struct nlmsghdr *m, const char *name, const uint8_t *mac, uint32_t mtu)
{
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	mnl_attr_put_u32(m, IFLA_MTU, mtu);
	if (mac)
		mnl_attr_put(m, IFLA_ADDRESS, 6, mac);
}

int device_pair(struct netlink *k, const struct device_pair *p)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct nlattr *info, *data, *peer;

	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	put_end(m, p->near, p->near_mac, p->mtu);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(m, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(m, sizeof(struct ifinfomsg));
	put_end(m, p->far, p->far_mac, p->mtu);
	if (p->far_ns >= 0)
		mnl_attr_put_u32(m, IFLA_NET_NS_FD, (uint32_t)p->far_ns);
	mnl_attr_nest_end(m, peer);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
	return netlink_talk(k, m, NULL, NULL);
}

int device_delete(struct netlink *k, int index)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_DELLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));

	i->ifi_index = index;
	return netlink_talk(k, m, NULL, NULL);
}

int device_quieten(struct netlink *k, int index)
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

int device_up(struct netlink *k, int index, const char *remark)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));

	i->ifi_index = index;
	i->ifi_flags = i->ifi_change = IFF_UP;
	if (remark)
		mnl_attr_put_strz(m, IFLA_IFALIAS, remark);
	return netlink_talk(k, m, NULL, NULL);
}

struct remarks {
	char name[IF_NAMESIZE], remark[256]; /* of the last one */
	void (*fn)(void *arg, const char *name, const char *remark);
	void *arg;
};

static int take_remark(const struct nlattr *a, void *arg)
{
	struct remarks *s = arg;

	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(a) == IFLA_IFNAME)
		snprintf(s->name, sizeof(s->name), "%s", mnl_attr_get_str(a));
	else if (mnl_attr_get_type(a) == IFLA_IFALIAS)
		snprintf(s->remark, sizeof(s->remark), "%s", mnl_attr_get_str(a));
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *m, void *arg)
{
	struct remarks *s = arg;

	s->name[0] = s->remark[0] = '\0';
	mnl_attr_parse(m, sizeof(struct ifinfomsg), take_remark, s);
	if (s->fn && s->remark[0])
		s->fn(s->arg, s->name, s->remark);
	return MNL_CB_OK;
}

int device_remark(struct netlink *k, int index, char out[256])
{
	struct nlmsghdr *m = netlink_ask(k, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));
	struct remarks s = {.fn = NULL};
	int r;

	i->ifi_index = index;
	r = netlink_talk(k, m, take_link, &s);
	memcpy(out, s.remark, sizeof(s.remark));
	return r;
}

int device_remarks(void (*fn)(void *arg, const char *name, const char *remark), void *arg)
{
	const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
	struct remarks s = {.fn = fn, .arg = arg};
	const struct netlink_list l = {.bus = NETLINK_ROUTE,
				       .type = RTM_GETLINK,
				       .head = &all,
				       .head_len = sizeof(all),
				       .fn = take_link,
				       .arg = &s};

	return netlink_list(&l);
}

int device_address(struct netlink *k, int index, int family, const void *address)
{
	size_t size = size_of(family);
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

int device_route(struct netlink *k, int index, const struct device_route *r)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct rtmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	size_t size = size_of(r->family);
	bool direct = r->family == AF_INET && !r->gate;

	t->rtm_family = (uint8_t)r->family;
	t->rtm_table = RT_TABLE_MAIN;
	t->rtm_protocol = RTPROT_STATIC;
	t->rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	t->rtm_type = RTN_UNICAST;
	t->rtm_dst_len = (uint8_t)(r->to ? size * 8 : 0);
	t->rtm_flags = r->gate ? RTNH_F_ONLINK : 0;
	mnl_attr_put_u32(m, RTA_OIF, (uint32_t)index);
	if (r->to)
		mnl_attr_put(m, RTA_DST, size, r->to);
	if (r->gate)
		mnl_attr_put(m, RTA_GATEWAY, size, r->gate);
	if (r->source)
		mnl_attr_put(m, RTA_PREFSRC, size, r->source);
	return netlink_talk(k, m, NULL, NULL);
}

int device_neighbour(struct netlink *k, int index, int family, const void *address,
		     const uint8_t mac[6])
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct ndmsg *d = mnl_nlmsg_put_extra_header(m, sizeof(*d));

	d->ndm_family = (uint8_t)family;
	d->ndm_ifindex = index;
	d->ndm_state = NUD_PERMANENT;
	mnl_attr_put(m, NDA_DST, size_of(family), address);
	mnl_attr_put(m, NDA_LLADDR, 6, mac);
	return netlink_talk(k, m, NULL, NULL);
}

/* A burst of 20 ms, and at least what one large segment is; 200 ms wait in the queue at most. */
int device_shape(struct netlink *k, int index, uint64_t bytes)
{
	struct nlmsghdr *m = netlink_ask(k, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	uint64_t burst = bytes / 50 < 131072 ? 131072 : bytes / 50;
	uint64_t limit = burst + (bytes / 5 < 131072 ? 131072 : bytes / 5);
	struct tc_tbf_qopt q = {.rate = {.linklayer = TC_LINKLAYER_ETHERNET}};
	struct nlattr *options;

	q.rate.rate = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
	q.limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
	t->tcm_family = AF_UNSPEC;
	t->tcm_ifindex = index;
	t->tcm_parent = TC_H_ROOT;
	t->tcm_handle = 0x10000;
	mnl_attr_put_strz(m, TCA_KIND, "tbf");
	options = mnl_attr_nest_start(m, TCA_OPTIONS);
	mnl_attr_put(m, TCA_TBF_PARMS, sizeof(q), &q);
	mnl_attr_put_u32(m, TCA_TBF_BURST, burst > UINT32_MAX ? UINT32_MAX : (uint32_t)burst);
	if (bytes > UINT32_MAX)
		mnl_attr_put_u64(m, TCA_TBF_RATE64, bytes);
	mnl_attr_nest_end(m, options);
	return netlink_talk(k, m, NULL, NULL);
}

bool device_lacks(int family, int r)
{
	return family == AF_INET6 && (r == -EAFNOSUPPORT || r == -EOPNOTSUPP || r == -EACCES);
}
