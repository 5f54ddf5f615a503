/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel counts in the pod's table, asked for anew each time. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/counters.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/netns.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "libcommon/wall.h"
#include "tools/pod-net/conns.h"
#include "tools/pod-net/net.h"
#include "tools/pod-net/netlink.h"

struct counts {
	uint64_t relayed, straight, limited, crowded, drops;
	uint64_t connections;  /* open now */
	uint64_t pins4, pins6; /* elements: addresses times ports */
	uint64_t sum[COUNTER_KINDS];
};

static const struct {
	const char *name;
	size_t at;
} counters[] = {
	{"relayed", offsetof(struct counts, relayed)},
	{"straight", offsetof(struct counts, straight)},
	{"limited", offsetof(struct counts, limited)},
	{"crowded", offsetof(struct counts, crowded)},
	{"drops", offsetof(struct counts, drops)},
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

struct object {
	const char *name;
	uint64_t packets;
};

static int take_data(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS && mnl_attr_validate(a, MNL_TYPE_U64) >= 0)
		*(uint64_t *)arg = be64toh(mnl_attr_get_u64(a));
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *a, void *arg)
{
	struct object *o = arg;

	if (mnl_attr_get_type(a) == NFTA_OBJ_NAME && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		o->name = mnl_attr_get_str(a);
	if (mnl_attr_get_type(a) == NFTA_OBJ_DATA && mnl_attr_validate(a, MNL_TYPE_NESTED) >= 0)
		mnl_attr_parse_nested(a, take_data, &o->packets);
	return MNL_CB_OK;
}

static int take_object(const struct nlmsghdr *m, void *arg)
{
	struct object o = {.name = ""};

	mnl_attr_parse(m, sizeof(struct nfgenmsg), take_attribute, &o);
	for (size_t i = 0; i < COUNTERS; i++)
		if (strcmp(o.name, counters[i].name) == 0)
			*(uint64_t *)(void *)((char *)arg + counters[i].at) = o.packets;
	return MNL_CB_OK;
}

static int count_list(const struct nlattr *a, void *arg)
{
	const struct nlattr *one;

	if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
		mnl_attr_for_each_nested(one, a)++ *(uint64_t *)arg;
	return MNL_CB_OK;
}

static int take_elements(const struct nlmsghdr *m, void *arg)
{
	mnl_attr_parse(m, sizeof(struct nfgenmsg), count_list, arg);
	return MNL_CB_OK;
}

static struct nlmsghdr *ask(struct netlink *k, int what)
{
	struct nlmsghdr *m =
		netlink_ask(k, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what), NLM_F_DUMP);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(m, sizeof(*g));

	g->nfgen_family = NFPROTO_INET;
	g->version = NFNETLINK_V0;
	return m;
}

static int count_pins(struct netlink *k, const char *set, uint64_t *n)
{
	struct nlmsghdr *m = ask(k, NFT_MSG_GETSETELEM);

	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, "envpod");
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_talk(k, m, take_elements, n);
}

static int read_counts(struct netlink *k, struct counts *c)
{
	struct nlmsghdr *m = ask(k, NFT_MSG_GETOBJ);
	int r;

	mnl_attr_put_strz(m, NFTA_OBJ_TABLE, "envpod");
	mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	r = netlink_talk(k, m, take_object, c);
	if (r == 0)
		r = count_pins(k, "pins4", &c->pins4);
	return r < 0 ? r : count_pins(k, "pins6", &c->pins6);
}

static int count(void *arg, struct err *e)
{
	struct counts *c = arg;
	struct netlink k = {0};
	int r = netlink_open(&k, NETLINK_NETFILTER, e);

	c->connections = conns_count();
	if (r == 0)
		r = read_counts(&k, c);
	netlink_finish(&k);
	return r < 0 ? err_set(e, -r, "ask what the wall has counted") : 0;
}

static void add_sums(struct buf *b, const uint64_t sum[COUNTER_KINDS])
{
	jw_key(b, "counted");
	jw_open(b, '{');
	for (unsigned i = 0; i < COUNTER_KINDS; i++)
		jw_knum(b, counter_names[i], (int64_t)sum[i]);
	jw_close(b, '}');
}

static void print_json(const struct pod *p, const char *up, const struct counts *c, uint64_t most)
{
	OWN_BUF struct buf b = BUF_INIT;
	const uint64_t *pins[] = {&c->pins4, &c->pins6};

	jw_open(&b, '{');
	jw_kstr(&b, "pod", p->name);
	jw_kbool(&b, "stands", *up && wall_stands(p));
	jw_kstr(&b, "addresses", up);
	for (size_t i = 0; i < COUNTERS; i++)
		jw_knum(&b, counters[i].name,
			(int64_t) *
				(const uint64_t *)(const void *)((const char *)c + counters[i].at));
	jw_knum(&b, "connections", (int64_t)c->connections);
	if (most)
		jw_knum(&b, "connections_max", (int64_t)most);
	jw_knum(&b, "pins4", (int64_t)*pins[0]);
	jw_knum(&b, "pins6", (int64_t)*pins[1]);
	add_sums(&b, c->sum);
	jw_close(&b, '}');
	puts(b.data);
}

static void print_text(const struct pod *p, const char *up, const struct counts *c, uint64_t most)
{
	char sent[16], received[16];

	printf("network   %s\n", !*up             ? "down"
				 : wall_stands(p) ? "up"
						  : "closed: its daemons are down");
	if (!*up)
		return;
	printf("engine    %s\n", up);
	printf("pins      %" PRIu64 " IPv4, %" PRIu64 " IPv6\n", c->pins4, c->pins6);
	printf("open      %" PRIu64 " connections", c->connections);
	if (most)
		printf(" of %" PRIu64, most);
	printf("\npackets   %" PRIu64 " to the relay, %" PRIu64 " straight, %" PRIu64
	       " refused (%" PRIu64 " by the rate limit, %" PRIu64 " beyond the connections)\n",
	       c->relayed, c->straight, c->drops, c->limited, c->crowded);
	printf("bytes     %s sent, %s received\n", unit_human(c->sum[COUNT_UP], sent),
	       unit_human(c->sum[COUNT_DOWN], received));
}

/* Since the host was booted, whatever came and went meanwhile. */
static int sum_up(const struct pod *p, uint64_t sum[COUNTER_KINDS], struct err *e)
{
	OWN(counters_close_all) struct counters_all all = {0};
	struct counters *net = NULL;
	int r = counters_open(&net, p, COUNTS_NET, e);

	if (r == 0) {
		counters_take_link(net, p);
		counters_close(net);
		r = counters_open_all(&all, p, e);
	}
	if (r == 0)
		counters_sum(&all, sum);
	return r;
}

static int status(const char *pod, bool json, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	struct counts c = {0};
	char up[160] = "";
	OWN_FD int ns = -1;
	int r = pod_open(&p, pod, e);

	if (r == 0)
		r = plan_open(&plan, &p, e);
	if (r < 0)
		return r;
	r = sum_up(&p, c.sum, e);
	if (r < 0)
		return r;
	ns = netns_open(&p);
	if (read_line_at(p.run, "net/up", up, sizeof(up)) >= 0 && ns >= 0)
		r = netns_within(ns, count, &c, e);
	if (r < 0)
		return r;
	(json ? print_json : print_text)(&p, ns < 0 ? "" : up, &c,
					 plan_u64(&plan, "connections", 0));
	return *up && ns >= 0 ? 0 : 1;
}

int cmd_status(int argc, char **argv)
{
	bool json = false;
	struct err e = {0};
	int r;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object"},
		{0},
	};
	const struct opt_usage usage = {"pod-net status [--json] POD",
					"What a pod's network is, and what it counted: status 0 "
					"if it is up, else 1.",
					1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	r = status(argv[0], json, &e);
	return r < 0 ? say_err(&e) : say_end(r ? POD_EXIT_NO : POD_EXIT_OK);
}
