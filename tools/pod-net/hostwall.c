/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet from a pod's link goes through the pod's own chain: is it really the pod's, does it
 * belong to what is established, is it for a network of cidr_allow; then through `closed`, which
 * is the same for all.  What comes without a chain of its own is refused: a link that is being made
 * or taken down is closed.
 *
 * An interface that routes only because of us routes for pods alone.  What somebody has redirected
 * by a rule of his own (a published port) is left to him.
 */
#include "tools/pod-net/hostwall.h"

#include <arpa/inet.h>
#include <string.h>

#include "tools/pod-net/rules.h"
#include "tools/pod-net/veth.h"

#define TABLE "inet " HOSTWALL_TABLE

static const char declared[] =
	"table " TABLE " {\n"
	"\tmap pods { type ifname : verdict; }\n"
	"\tset sources4 { type ipv4_addr; }\n"
	"\tset sources6 { type ipv6_addr; }\n"
	"\tset routed4 { type ifname; }\n"
	"\tset routed6 { type ifname; }\n"
	"\tcounter refused { }\n"
	"\tchain refuse { }\n"
	"\tchain closed { }\n"
	"\tchain from_pod { }\n"
	"\tchain to_pod { }\n"
	"\tchain routed { }\n"
	"\tchain forward { type filter hook forward priority -10; policy accept; }\n"
	"\tchain input { type filter hook input priority -10; policy accept; }\n"
	"\tchain nat { type nat hook postrouting priority 100; policy accept; }\n"
	"}\n";

static const char flushed[] = "flush chain " TABLE " refuse\n"
			      "flush chain " TABLE " closed\n"
			      "flush chain " TABLE " from_pod\n"
			      "flush chain " TABLE " to_pod\n"
			      "flush chain " TABLE " routed\n"
			      "flush chain " TABLE " forward\n"
			      "flush chain " TABLE " input\n"
			      "flush chain " TABLE " nat\n"
			      "flush set " TABLE " routed4\n"
			      "flush set " TABLE " routed6\n";

static const char rules[] =
	"table " TABLE " {\n"
	"\tchain refuse {\n"
	"\t\tcounter name refused\n"
	"\t\tmeta l4proto tcp reject with tcp reset\n"
	"\t\treject with icmpx port-unreachable\n"
	"\t}\n"
	"\tchain closed {\n"
	"\t\tfib daddr type { local, broadcast, anycast, multicast } goto refuse\n"
	"\t\tudp dport { 53, 443, 853 } goto refuse\n"
	"\t\ttcp dport { 53, 80, 443, 853 } goto refuse\n"
	"\t\tip daddr { " RULES_PRIVATE4 " } goto refuse\n"
	"\t\tip6 daddr { " RULES_PRIVATE6 " } goto refuse\n"
	"\t\taccept\n"
	"\t}\n"
	"\tchain from_pod {\n"
	"\t\toifname \"" VETH_PREFIX "*\" goto refuse\n"
	"\t\tiifname vmap @pods\n"
	"\t\tgoto refuse\n"
	"\t}\n"
	"\tchain to_pod {\n"
	"\t\tct state established,related accept\n"
	"\t\tdrop\n"
	"\t}\n"
	"\tchain routed {\n"
	"\t\tct state established,related accept\n"
	"\t\tct status dnat accept\n"
	"\t\tdrop\n"
	"\t}\n"
	"\tchain forward {\n"
	"\t\tiifname \"" VETH_PREFIX "*\" goto from_pod\n"
	"\t\toifname \"" VETH_PREFIX "*\" goto to_pod\n"
	"\t\tmeta nfproto ipv4 iifname @routed4 goto routed\n"
	"\t\tmeta nfproto ipv6 iifname @routed6 goto routed\n"
	"\t}\n"
	"\tchain input {\n"
	"\t\tiifname \"" VETH_PREFIX "*\" goto from_pod\n"
	"\t}\n"
	"\tchain nat {\n"
	"\t\toifname != \"" VETH_PREFIX "*\" ip saddr @sources4 masquerade\n"
	"\t\toifname != \"" VETH_PREFIX "*\" ip6 saddr @sources6 masquerade\n"
	"\t}\n"
	"}\n";

static void routed(struct buf *b, const char *set, const struct strv *interfaces)
{
	for (size_t i = 0; i < interfaces->n; i++)
		buf_fmt(b, "add element " TABLE " %s { \"%s\" }\n", set, interfaces->v[i]);
}

static void pod_chain(const struct net *n, const char *link, const char *v4, const char *v6,
		      struct buf *b)
{
	const char *cidr;

	buf_fmt(b,
		"add chain " TABLE " %s\n"
		"flush chain " TABLE " %s\n"
		"table " TABLE " {\n\tchain %s {\n"
		"\t\tip saddr != %s drop\n"
		"\t\tip6 saddr != %s drop\n"
		"\t\tct state established,related accept\n",
		link, link, link, v4, v6);
	for (size_t i = 0; (cidr = plan_next(&n->plan, "cidr_allow", &i));)
		buf_fmt(b, "\t\t%s daddr %s accept\n", strchr(cidr, ':') ? "ip6" : "ip", cidr);
	buf_str(b, "\t\tgoto closed\n\t}\n}\n");
	buf_fmt(b,
		"add element " TABLE " pods { \"%s\" : goto %s }\n"
		"add element " TABLE " sources4 { %s }\n"
		"add element " TABLE " sources6 { %s }\n",
		link, link, v4, v6);
}

void hostwall_add(const struct net *n, const char *link, const struct strv *routed4,
		  const struct strv *routed6, struct buf *b)
{
	char v4[INET_ADDRSTRLEN], v6[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET, &n->v4, v4, sizeof(v4));
	inet_ntop(AF_INET6, &n->v6, v6, sizeof(v6));
	buf_str(b, declared);
	buf_str(b, flushed);
	routed(b, "routed4", routed4);
	routed(b, "routed6", routed6);
	buf_str(b, rules);
	pod_chain(n, link, v4, v6, b);
}

/* Adding what is there does nothing, and what is there can be deleted: no look beforehand. */
void hostwall_remove(const char *link, const char *v4, const char *v6, struct buf *b)
{
	buf_str(b, declared);
	buf_fmt(b, "add chain " TABLE " %s\n", link);
	for (int i = 0; i < 2; i++) {
		const char *verb = i ? "delete" : "add";

		buf_fmt(b,
			"%s element " TABLE " pods { \"%s\" : goto %s }\n"
			"%s element " TABLE " sources4 { %s }\n"
			"%s element " TABLE " sources6 { %s }\n",
			verb, link, link, verb, v4, verb, v6);
	}
	buf_fmt(b, "flush chain " TABLE " %s\ndelete chain " TABLE " %s\n", link, link);
}

void hostwall_end(struct buf *b)
{
	buf_str(b, "add table " TABLE "\ndelete table " TABLE "\n");
}
