/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table, three chains that see packets.  What reaches the end of the output chain is refused:
 * TCP by a reset and UDP by an unreachable, so that programs fail at once or fall back; a silent
 * drop would cost them their time-outs.
 *
 * In the output hook a redirected packet already has its new address, and its device is still the
 * old one: addresses are matched, never `oif`.  A redirected connection is told from one that was
 * made straight to the relay by `ct status dnat`.
 */
#include "tools/pod-net/rules.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"

static void cidr_set(const struct net *n, struct buf *b, bool six)
{
	const char *cidr, *comma = "";

	buf_fmt(b, "\tset cidr%d { type ipv%d_addr; flags interval; auto-merge;", six ? 6 : 4,
		six ? 6 : 4);
	for (size_t i = 0; (cidr = plan_next(&n->plan, "cidr_allow", &i));) {
		if (!strchr(cidr, ':') == six)
			continue;
		buf_fmt(b, "%s%s", *comma ? comma : " elements = { ", cidr);
		comma = ", ";
	}
	buf_fmt(b, "%s }\n", *comma ? " };" : "");
}

static void sets(const struct net *n, struct buf *b)
{
	buf_str(b, "\tset pins4 { typeof ip daddr . tcp dport; flags timeout; size 65535; }\n"
		   "\tset pins6 { typeof ip6 daddr . tcp dport; flags timeout; size 65535; }\n");
	cidr_set(n, b, false);
	cidr_set(n, b, true);
	if (n->open)
		buf_str(b,
			"\tset private4 { type ipv4_addr; flags interval; elements = { " RULES_PRIVATE4
			" }; }\n"
			"\tset private6 { type ipv6_addr; flags interval; elements = { " RULES_PRIVATE6
			" }; }\n");
	buf_str(b, "\tcounter relayed { }\n\tcounter straight { }\n\tcounter limited { }\n"
		   "\tcounter crowded { }\n\tcounter drops { }\n");
}

/* Other pods are reached through their forwarders, whatever the port. */
static void to_pods(const struct net *n, struct buf *b)
{
	char text[INET6_ADDRSTRLEN];

	buf_fmt(b, "\t\tip daddr %s/%d ip daddr . tcp dport @pins4 redirect to :%d\n",
		address_text(&n->subnet4.base, text), n->subnet4.bits - 96, NET_RELAY_PORT);
}

/* To the relay: in the sockets engine all that is open, else what has a name to be checked. */
static void nat_chain(const struct net *n, struct buf *b)
{
	bool some = n->veth && !n->looks;
	const char *tcp = some ? "tcp dport { 80, 443 }" : "meta l4proto tcp";

	buf_str(b, "\tchain c_nat { type nat hook output priority -100; policy accept;\n"
		   "\t\tfib daddr type local accept\n");
	if (n->veth)
		to_pods(n, b);
	if (n->veth)
		buf_str(b, "\t\tip daddr @cidr4 accept\n\t\tip6 daddr @cidr6 accept\n");
	else
		buf_fmt(b,
			"\t\tip daddr @cidr4 meta l4proto tcp redirect to :%d\n"
			"\t\tip6 daddr @cidr6 meta l4proto tcp redirect to :%d\n",
			NET_RELAY_PORT, NET_RELAY_PORT);
	buf_fmt(b,
		"\t\t%s ip daddr . tcp dport @pins4 redirect to :%d\n"
		"\t\t%s ip6 daddr . tcp dport @pins6 redirect to :%d\n",
		tcp, NET_RELAY_PORT, tcp, NET_RELAY_PORT);
	if (n->open)
		buf_fmt(b,
			"\t\tip daddr != @private4 %s redirect to :%d\n"
			"\t\tip6 daddr != @private6 %s redirect to :%d\n",
			tcp, NET_RELAY_PORT, tcp, NET_RELAY_PORT);
	buf_str(b, "\t}\n");
}

/* "100/s" as nftables says it; every new connection counts, refused ones too. */
static void limit(const struct net *n, struct buf *b)
{
	static const struct {
		char letter;
		const char *word;
	} units[] = {{'s', "second"}, {'m', "minute"}, {'h', "hour"}};
	const char *rate = plan_str(&n->plan, "rate_limit", NULL);
	const char *slash = rate ? strchr(rate, '/') : NULL;

	if (!slash)
		return;
	for (size_t i = 0; i < 3; i++)
		if (slash[1] == units[i].letter)
			buf_fmt(b,
				"\t\tct state new fib daddr type != local limit rate over "
				"%.*s/%s burst %.*s packets counter name limited goto c_refuse\n"
				"\t\tct state new ct status dnat limit rate over %.*s/%s burst "
				"%.*s packets counter name limited goto c_refuse\n",
				(int)(slash - rate), rate, units[i].word, (int)(slash - rate), rate,
				(int)(slash - rate), rate, units[i].word, (int)(slash - rate),
				rate);
}

/* A connection that is let out, by a relay or straight, is one of so many at a time: one rule, and
 * so one count, for both.  What has ended no longer counts, though the kernel remembers it. */
static void pass_chains(const struct net *n, struct buf *b)
{
	uint64_t most = plan_u64(&n->plan, "connections", 0);

	buf_str(b, "\tchain c_count {");
	if (most)
		buf_fmt(b, " ct count over %" PRIu64 " counter name crowded goto c_refuse;", most);
	buf_str(b, " }\n");
	if (n->veth)
		buf_str(b, "\tchain c_straight { jump c_count; counter name straight accept; }\n");
}

/* What goes out by the veth's other end without a relay; other resolvers and QUIC never do.  IPv6
 * that the host would not route is refused here, where the program hears of it. */
static void straight(const struct net *n, struct buf *b)
{
	const char *six = n->six ? "" : "#";

	if (!n->veth)
		return;
	buf_fmt(b,
		"\t\tip daddr @cidr4 goto c_straight\n"
		"\t\t%sip6 daddr @cidr6 goto c_straight\n"
		"\t\tudp dport { 53, 443, 853 } goto c_refuse\n"
		"\t\ttcp dport { 53, 80, 443, 853 } goto c_refuse\n"
		"\t\tip daddr . th dport @pins4 meta l4proto { tcp, udp } "
		"goto c_straight\n"
		"\t\t%sip6 daddr . th dport @pins6 meta l4proto { tcp, udp } "
		"goto c_straight\n",
		six, six);
	if (n->open)
		buf_fmt(b,
			"\t\tip daddr != @private4 ct state new limit rate 10/second burst 20 "
			"packets log group %d snaplen 80 prefix \"raw\"\n"
			"\t\tip daddr != @private4 goto c_straight\n"
			"\t\t%sip6 daddr != @private6 goto c_straight\n",
			NET_LOG_GROUP, six);
}

static void filter_chains(const struct net *n, struct buf *b)
{
	buf_fmt(b,
		"\tchain c_refuse {\n"
		"\t\tcounter name drops\n"
		"\t\tlimit rate 10/second burst 20 packets log group %d snaplen 80 prefix \"drop\"\n"
		"\t\tmeta l4proto tcp reject with tcp reset\n"
		"\t\treject with icmpx port-unreachable\n"
		"\t}\n",
		NET_LOG_GROUP);
	pass_chains(n, b);
	buf_str(b, "\tchain c_out { type filter hook output priority 0; policy drop;\n"
		   "\t\tct state established,related accept\n");
	limit(n, b);
	buf_fmt(b,
		"\t\ttcp dport %d ct status dnat jump c_count\n"
		"\t\ttcp dport %d ct status dnat counter name relayed accept\n"
		"\t\ttcp dport %d fib daddr type local goto c_refuse\n"
		"\t\tfib daddr type local accept\n",
		NET_RELAY_PORT, NET_RELAY_PORT, NET_RELAY_PORT);
	straight(n, b);
	/* The kernel's own talk about groups and neighbours: nobody's attempt at anything. */
	buf_str(b, "\t\tip protocol igmp drop\n"
		   "\t\ticmpv6 type { mld-listener-query, mld-listener-report, "
		   "mld2-listener-report, nd-router-solicit, nd-neighbor-solicit, "
		   "nd-neighbor-advert } drop\n");
	buf_str(b, "\t\tgoto c_refuse\n\t}\n"
		   "\tchain c_in { type filter hook input priority 0; policy drop;\n"
		   "\t\tiif lo accept\n"
		   "\t\tct state established,related accept\n");
	buf_str(b, "\t}\n");
}

void rules_pod(const struct net *n, struct buf *b)
{
	buf_str(b, "add table inet envpod\ndelete table inet envpod\ntable inet envpod {\n");
	sets(n, b);
	nat_chain(n, b);
	filter_chains(n, b);
	buf_str(b, "\tchain c_forward { type filter hook forward priority 0; policy drop; }\n}\n");
}

int cmd_rules(int argc, char **argv)
{
	OWN(net_finish) struct net n = NET_INIT;
	OWN_BUF struct buf b = BUF_INIT;
	const struct opt_usage usage = {"pod-net rules POD",
					"Print the firewall rules that up gives the pod.", 1, 1, 0};
	struct err e = {0};

	opt_parse(NULL, &usage, argc, argv);
	if (net_load(&n, argv[0], &e) < 0)
		return say_err(&e);
	rules_pod(&n, &b);
	fputs(b.data, stdout);
	return say_end(POD_EXIT_OK);
}
