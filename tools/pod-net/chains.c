/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-net/chains.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-net/hostwall.h"
#include "tools/pod-net/legacy.h"
#include "tools/pod-net/netlink.h"
#include "tools/pod-net/nft.h"
#include "tools/pod-net/veth.h"

#define PLACE   "DOCKER-USER"
#define COMMENT "envpod: links of pods"
#define CHAINS  256 /* of those that drop or have that name; more than any firewall has */

struct chain {
	uint8_t family;
	bool is_forward, drops;
	char table[64], name[64];
};

struct chains {
	struct chain v[CHAINS];
	size_t n;
};

static const char *family_text(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

/* nft(8) has no way to quote a name; one that it could not read is nobody's who wants to be friends
 * with it. */
static bool is_word(const char *name)
{
	return *name && isalpha((unsigned char)*name) &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_-./")] == '\0';
}

/* --- what the kernel lists --- */

static int list(int what, mnl_cb_t fn, void (*restart)(void *arg), void *arg, struct err *e)
{
	const struct nfgenmsg all = {.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0};
	const struct netlink_list l = {.bus = NETLINK_NETFILTER,
				       .type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what),
				       .head = &all,
				       .head_len = sizeof(all),
				       .fn = fn,
				       .restart = restart,
				       .arg = arg};
	int r = netlink_list(&l);

	return r < 0 ? err_set(e, -r, "ask for the host's firewall") : 0;
}

static void take_text(const struct nlattr *a, char out[64])
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(out, 64, "%s", mnl_attr_get_str(a));
}

static int take_hook(const struct nlattr *a, void *arg)
{
	struct chain *c = arg;

	if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		c->is_forward = ntohl(mnl_attr_get_u32(a)) == NF_INET_FORWARD;
	return MNL_CB_OK;
}

static int take_attribute(const struct nlattr *a, void *arg)
{
	struct chain *c = arg;

	if (mnl_attr_get_type(a) == NFTA_CHAIN_TABLE)
		take_text(a, c->table);
	else if (mnl_attr_get_type(a) == NFTA_CHAIN_NAME)
		take_text(a, c->name);
	else if (mnl_attr_get_type(a) == NFTA_CHAIN_HOOK)
		mnl_attr_parse_nested(a, take_hook, c);
	else if (mnl_attr_get_type(a) == NFTA_CHAIN_POLICY &&
		 mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		c->drops = ntohl(mnl_attr_get_u32(a)) == NF_DROP;
	return MNL_CB_OK;
}

/* firewalld's older versions end in a reject where newer ones have a policy. */
static int take_chain(const struct nlmsghdr *m, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(m);
	struct chain c = {.family = g->nfgen_family};
	struct chains *list = arg;

	if (c.family != NFPROTO_IPV4 && c.family != NFPROTO_IPV6 && c.family != NFPROTO_INET)
		return MNL_CB_OK;
	mnl_attr_parse(m, sizeof(*g), take_attribute, &c);
	c.drops = c.is_forward && (c.drops || strcmp(c.table, "firewalld") == 0);
	if (list->n < CHAINS && strcmp(c.table, HOSTWALL_TABLE) != 0 &&
	    (c.drops || strcmp(c.name, PLACE) == 0))
		list->v[list->n++] = c;
	return MNL_CB_OK;
}

static void forget_chains(void *arg)
{
	((struct chains *)arg)->n = 0;
}

static int list_chains(struct chains *found, struct err *e)
{
	return list(NFT_MSG_GETCHAIN, take_chain, forget_chains, found, e);
}

/* --- our rules in theirs --- */

struct rule {
	uint8_t family;
	char table[64], chain[64];
	uint64_t handle;
	bool is_ours;
};

/* Pieces of type, length, value; type 0 is the comment. */
static bool has_comment(const uint8_t *data, size_t len)
{
	for (size_t at = 0; at + 2 <= len && at + 2 + data[at + 1] <= len; at += 2u + data[at + 1])
		if (data[at] == 0 && data[at + 1] == sizeof(COMMENT) &&
		    memcmp(data + at + 2, COMMENT, sizeof(COMMENT)) == 0)
			return true;
	return false;
}

static int take_rule_attribute(const struct nlattr *a, void *arg)
{
	struct rule *r = arg;

	if (mnl_attr_get_type(a) == NFTA_RULE_TABLE)
		take_text(a, r->table);
	else if (mnl_attr_get_type(a) == NFTA_RULE_CHAIN)
		take_text(a, r->chain);
	else if (mnl_attr_get_type(a) == NFTA_RULE_HANDLE &&
		 mnl_attr_validate(a, MNL_TYPE_U64) >= 0)
		r->handle = be64toh(mnl_attr_get_u64(a));
	else if (mnl_attr_get_type(a) == NFTA_RULE_USERDATA)
		r->is_ours = has_comment(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	return MNL_CB_OK;
}

/* A line of nft(8) for each rule of ours. */
static int take_rule(const struct nlmsghdr *m, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(m);
	struct rule r = {.family = g->nfgen_family};

	mnl_attr_parse(m, sizeof(*g), take_rule_attribute, &r);
	if (r.is_ours && is_word(r.table) && is_word(r.chain))
		buf_fmt(arg, "delete rule %s %s %s handle %llu\n", family_text(r.family), r.table,
			r.chain, (unsigned long long)r.handle);
	return MNL_CB_OK;
}

static void forget_rules(void *arg)
{
	buf_clear(arg);
}

static int list_ours(struct buf *commands, struct err *e)
{
	return list(NFT_MSG_GETRULE, take_rule, forget_rules, commands, e);
}

/* In front: what is there may end in a verdict.  Who comes in anew is refused by our own table. */
static void add_rules(struct buf *b, const struct chain *c)
{
	for (int out = 0; out < 2; out++)
		buf_fmt(b,
			"insert rule %s %s %s %s \"" VETH_PREFIX
			"*\" counter accept comment \"" COMMENT "\"\n",
			family_text(c->family), c->table, c->name, out ? "oifname" : "iifname");
}

/* --- who drops --- */

static const struct chain *place_of(const struct chains *list, const struct chain *c)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].family == c->family && strcmp(list->v[i].table, c->table) == 0 &&
		    strcmp(list->v[i].name, PLACE) == 0)
			return &list->v[i];
	return NULL;
}

/* Has somebody let our links through there himself? */
static bool speaks_of_us(const struct chain *c)
{
	OWN_FREE char *question = xfmt("list table %s %s\n", family_text(c->family), c->table);
	OWN_BUF struct buf said = BUF_INIT;
	struct err ignored = {0};

	return is_word(c->table) && nft_list(question, &said, &ignored) == 0 && said.len &&
	       strstr(said.data, VETH_PREFIX);
}

static int refuse(const struct chain *c, struct err *e)
{
	return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
			  "network.engine: veth: chain %s of the host's table %s %s drops what is "
			  "forwarded; let \"" VETH_PREFIX
			  "*\" through there (nft insert rule %s %s "
			  "%s iifname \"" VETH_PREFIX "*\" accept, and oifname), or take "
			  "network.engine: sockets",
			  esc(c->name), family_text(c->family), esc(c->table),
			  family_text(c->family), esc(c->table), esc(c->name));
}

static int judge_legacy(struct err *e)
{
	for (int six = 0; six < 2; six++)
		if (legacy_drops(six, VETH_PREFIX))
			return err_status(
				e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				"network.engine: veth: chain FORWARD of the host's older iptables "
				"drops what is forwarded; let " VETH_PREFIX "+ through there "
				"(%s-legacy -I FORWARD -i " VETH_PREFIX "+ -j ACCEPT, and -o), or "
				"take network.engine: sockets",
				six ? "ip6tables" : "iptables");
	return 0;
}

static int judge(const struct chains *list, struct buf *commands, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct chain *c = &list->v[i], *place;

		if (!c->drops)
			continue;
		place = place_of(list, c);
		if (place && is_word(place->table))
			add_rules(commands, place);
		else if (!speaks_of_us(c))
			return refuse(c, e);
	}
	return judge_legacy(e);
}

int chains_check(struct err *e)
{
	OWN_BUF struct buf commands = BUF_INIT;
	struct chains list = {.n = 0};
	int r = list_chains(&list, e);

	return r < 0 ? r : judge(&list, &commands, e);
}

/* The old ones go in the same step, so that there is never more than one pair, nor none. */
int chains_open(struct err *e)
{
	OWN_BUF struct buf commands = BUF_INIT;
	struct chains list = {.n = 0};
	int r = list_ours(&commands, e);

	if (r == 0)
		r = list_chains(&list, e);
	if (r == 0)
		r = judge(&list, &commands, e);
	return r < 0 || !commands.len ? r : nft_apply(commands.data, e);
}

int chains_close(struct err *e)
{
	OWN_BUF struct buf commands = BUF_INIT;
	int r = list_ours(&commands, e);

	return r < 0 || !commands.len ? r : nft_apply(commands.data, e);
}
