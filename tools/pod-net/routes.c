/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/routes.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/address.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-net/device.h"
#include "tools/pod-net/veth.h"

struct look {
	const struct net *net;
	struct strv *uplinks;
	struct cidr subnet4, subnet6;
	struct err *e;
	int r;
	uint32_t twin; /* the device of a route to the pod's own address */
};

struct route {
	struct cidr to;
	bool has_gate;
	uint32_t device[16]; /* of several ways, the first of these */
	unsigned n;
};

static bool overlap(const struct cidr *a, const struct cidr *b)
{
	return a->bits <= b->bits ? cidr_has(a, &b->base) : cidr_has(b, &a->base);
}

/* --- one message --- */

static void take_hops(const struct nlattr *a, struct route *t)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(a);
	size_t left = mnl_attr_get_payload_len(a);

	t->has_gate = true;
	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop)) {
		size_t step = RTNH_ALIGN((size_t)hop->rtnh_len);

		if (t->n < 16)
			t->device[t->n++] = (uint32_t)hop->rtnh_ifindex;
		left = step > left ? 0 : left - step;
		hop = RTNH_NEXT(hop);
	}
}

static int take_attribute(const struct nlattr *a, void *arg)
{
	struct route *t = arg;
	size_t len = mnl_attr_get_payload_len(a);

	if (mnl_attr_get_type(a) == RTA_DST && len == 4)
		t->to.base = address_v4(mnl_attr_get_payload(a));
	else if (mnl_attr_get_type(a) == RTA_DST && len == 16)
		memcpy(&t->to.base, mnl_attr_get_payload(a), 16);
	else if (mnl_attr_get_type(a) == RTA_GATEWAY || mnl_attr_get_type(a) == RTA_VIA)
		t->has_gate = true;
	else if (mnl_attr_get_type(a) == RTA_OIF && len == 4 && t->n < 16)
		t->device[t->n++] = mnl_attr_get_u32(a);
	else if (mnl_attr_get_type(a) == RTA_MULTIPATH)
		take_hops(a, t);
	return MNL_CB_OK;
}

/* --- what of it --- */

static bool is_opened(const struct net *n, const struct cidr *to)
{
	const char *text;
	struct cidr c;

	for (size_t i = 0; (text = plan_next(&n->plan, "cidr_allow", &i));)
		if (cidr_parse(text, &c) == 0 && overlap(&c, to))
			return true;
	return false;
}

static void add_uplinks(struct look *l, const struct route *t)
{
	char name[IF_NAMESIZE];

	for (unsigned i = 0; i < t->n; i++)
		if (if_indextoname(t->device[i], name) && strcmp(name, "lo") != 0 &&
		    strncmp(name, VETH_PREFIX, strlen(VETH_PREFIX)) != 0 &&
		    !strv_has(l->uplinks, name))
			strv_add(l->uplinks, name);
}

/* Halves of everything are what some put in the place of a default route. */
static bool is_in_the_way(const struct look *l, const struct route *t, bool four)
{
	const struct cidr *subnet = four ? &l->subnet4 : &l->subnet6;
	char name[IF_NAMESIZE] = "";

	if (t->to.bits <= (four ? 96 : 0) + 1 || !overlap(&t->to, subnet))
		return false;
	if (t->n && !if_indextoname(t->device[0], name))
		return false; /* gone since */
	return strncmp(name, VETH_PREFIX, strlen(VETH_PREFIX)) != 0;
}

static void complain(struct look *l, const struct route *t, bool four)
{
	char text[INET6_ADDRSTRLEN], name[IF_NAMESIZE] = "nothing";

	if (t->n)
		if_indextoname(t->device[0], name);
	l->r = err_status(l->e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "network.subnet: the host has a route to %s/%d by %s, which overlaps the "
			  "subnet of pods; choose another",
			  address_text(&t->to.base, text), t->to.bits - (four ? 96 : 0), name);
}

/* Of an earlier link of this pod, which is being taken apart; or of somebody with the same number.
 */
static void look_for_twin(struct look *l, const struct route *t)
{
	struct in6_addr v4 = address_v4((const uint8_t *)&l->net->v4);

	if (t->n && t->to.bits == 128 &&
	    (memcmp(&t->to.base, &v4, 16) == 0 || memcmp(&t->to.base, &l->net->v6, 16) == 0))
		l->twin = t->device[0];
}

static int take_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(m);
	bool four = head->rtm_family == AF_INET;
	struct route t = {.to.bits = (uint8_t)(head->rtm_dst_len + (four ? 96 : 0))};
	struct look *l = arg;

	if ((head->rtm_type != RTN_UNICAST && head->rtm_type != RTN_LOCAL) ||
	    (head->rtm_flags & RTM_F_CLONED))
		return MNL_CB_OK;
	if (four)
		t.to.base = address_v4((const uint8_t[4]){0});
	mnl_attr_parse(m, sizeof(*head), take_attribute, &t);
	if (head->rtm_type == RTN_UNICAST &&
	    (t.has_gate || head->rtm_dst_len <= 1 || is_opened(l->net, &t.to)))
		add_uplinks(l, &t);
	look_for_twin(l, &t);
	if (l->r == 0 && is_in_the_way(l, &t, four))
		complain(l, &t, four);
	return MNL_CB_OK;
}

static int dump(int family, struct look *l)
{
	const struct rtmsg all = {.rtm_family = (uint8_t)family};
	const struct netlink_list list = {.bus = NETLINK_ROUTE,
					  .type = RTM_GETROUTE,
					  .head = &all,
					  .head_len = sizeof(all),
					  .fn = take_route,
					  .arg = l};
	int r = netlink_list(&list);

	return r < 0 ? err_set(l->e, -r, "ask for the host's routes") : l->r;
}

static int judge_twin(struct netlink *k, const struct look *l)
{
	OWN_FREE char *ours = xfmt(VETH_REMARK "%s", l->net->pod.runpath);
	char remark[256] = "", name[IF_NAMESIZE];

	if (!l->twin || device_remark(k, (int)l->twin, remark) < 0 || strcmp(remark, ours) == 0 ||
	    !if_indextoname(l->twin, name))
		return 0;
	return err_status(l->e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "network.subnet: the address of pod %s is that of another one, behind %s "
			  "(%s); choose another subnet",
			  l->net->pod.name, name, *remark ? esc(remark) : "whoever made it");
}

int routes_look(const struct net *n, struct strv *uplinks, struct err *e)
{
	struct look l = {.net = n, .uplinks = uplinks, .e = e};
	struct netlink k = {0};
	int r = netlink_open(&k, NETLINK_ROUTE, e);

	l.subnet4 = n->subnet4;
	l.subnet6 = n->subnet6;
	if (r == 0)
		r = dump(AF_INET, &l);
	if (r == 0)
		r = dump(AF_INET6, &l);
	if (r == 0)
		r = judge_twin(&k, &l);
	netlink_finish(&k);
	return r;
}
