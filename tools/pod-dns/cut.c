/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever was revoked counts, not only just now: a resolver that was killed between a removal and
 * this is replaced by one that does it.
 *
 * Destroying a socket is what its program notices at once.  What has no connected socket, a
 * datagram flow of sendto(), and what the kernel cannot destroy, is known to connection tracking
 * alone, whose "established" lets it pass.
 */
#include "tools/pod-dns/cut.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "libcommon/buf.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"

#define FLOWS_MAX 65536 /* of one kind, found at once: more are cut at the next look */
#define TUPLE_MAX 256
#define STEP      256
#define CT(what)  (NFNL_SUBSYS_CTNETLINK << 8 | (what))

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

int cut_open(struct cut *c, int ns, struct err *e)
{
	const struct timeval wait = {.tv_sec = 2};
	int type = SOCK_RAW | SOCK_CLOEXEC, size = 1 << 20;

	c->diag = netns_socket(ns, AF_NETLINK, type, NETLINK_SOCK_DIAG, e);
	if (c->diag < 0)
		return c->diag;
	c->tracked = netns_socket(ns, AF_NETLINK, type, NETLINK_NETFILTER, e);
	if (c->tracked < 0)
		return c->tracked;
	setsockopt(c->diag, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(c->tracked, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(c->tracked, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

void cut_finish(struct cut *c)
{
	own_close(&c->diag);
	own_close(&c->tracked);
	*c = (struct cut)CUT_INIT;
}

/* --- which ends --- */

struct ends {
	struct cut_end *v;
	size_t n, cap;
};

static void add(struct ends *l, const struct in6_addr *a, uint16_t port)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->v = xrealloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n] = (struct cut_end){.port = port};
	l->v[l->n++].address = *a;
}

static int compare(const void *a, const void *b)
{
	const struct cut_end *x = a, *y = b;
	int r = memcmp(&x->address, &y->address, sizeof(x->address));

	return r ? r : (x->port > y->port) - (x->port < y->port);
}

static bool has(const struct cut_end *v, size_t n, const struct cut_end *end)
{
	return n && bsearch(end, v, n, sizeof(*v), compare);
}

static void add_row(struct ends *l, const struct names_row *row)
{
	static const uint16_t usual[NAMES_PORTS] = {80, 443};
	const uint16_t *port = row->port[0] ? row->port : usual;

	for (size_t i = 0; i < NAMES_PORTS && port[i]; i++)
		add(l, &row->address, port[i]);
}

/* closed[0]: what rows hold, closed[1]: what revoked ones held. */
static void sort_row(void *arg, const struct names_row *row)
{
	struct ends *lists = arg;

	add_row(&lists[row->revoked != 0], row);
}

static bool is_open(const struct cidr *open, size_t n, const struct in6_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (cidr_has(&open[i], a))
			return true;
	return false;
}

struct cut_end *cut_closed(const struct names *names, const struct cidr *open, size_t n_open,
			   size_t *n)
{
	struct ends lists[2] = {{0}}, *held = &lists[0], *closed = &lists[1];

	names_each(names, sort_row, lists);
	if (held->n)
		qsort(held->v, held->n, sizeof(*held->v), compare);
	*n = 0;
	for (size_t i = 0; i < closed->n; i++)
		if (!has(held->v, held->n, &closed->v[i]) &&
		    !is_open(open, n_open, &closed->v[i].address))
			closed->v[(*n)++] = closed->v[i];
	if (*n)
		qsort(closed->v, *n, sizeof(*closed->v), compare);
	free(held->v);
	return closed->v;
}

/* --- messages --- */

static void put_address(struct cut_end *end, const void *address, size_t len, uint16_t port)
{
	end->port = ntohs(port);
	if (len == 4)
		end->address = address_v4(address);
	else
		memcpy(&end->address, address, sizeof(end->address));
}

bool cut_read_socket(const uint8_t *data, size_t len, struct cut_end *end)
{
	struct inet_diag_msg m;

	if (len < sizeof(m))
		return false;
	memcpy(&m, data, sizeof(m));
	put_address(end, m.id.idiag_dst, m.idiag_family == AF_INET ? 4 : 16, m.id.idiag_dport);
	return true;
}

/* The attribute of that type among those in data; its payload in *out. */
static size_t attribute(const uint8_t *data, size_t len, uint16_t type, const uint8_t **out)
{
	struct nlattr a;

	while (len >= sizeof(a)) {
		size_t step;

		memcpy(&a, data, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > len)
			return 0;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*out = data + sizeof(a);
			return a.nla_len - sizeof(a);
		}
		step = NLA_ALIGN(a.nla_len);
		if (step > len)
			return 0;
		data += step;
		len -= step;
	}
	return 0;
}

bool cut_read_flow(const uint8_t *data, size_t len, struct cut_end *end, const uint8_t **tuple,
		   size_t *tuple_len)
{
	const uint8_t *ip = data, *proto = data, *address, *port;
	size_t ip_len, proto_len, size;
	uint16_t number;

	if (len < sizeof(struct nfgenmsg))
		return false;
	data += sizeof(struct nfgenmsg);
	len -= sizeof(struct nfgenmsg);
	*tuple = data;
	*tuple_len = attribute(data, len, CTA_TUPLE_ORIG, tuple);
	ip_len = attribute(*tuple, *tuple_len, CTA_TUPLE_IP, &ip);
	proto_len = attribute(*tuple, *tuple_len, CTA_TUPLE_PROTO, &proto);
	if (!ip_len || !proto_len ||
	    attribute(proto, proto_len, CTA_PROTO_DST_PORT, &port) != sizeof(number))
		return false;
	size = attribute(ip, ip_len, CTA_IP_V4_DST, &address);
	if (size != 4 && (size = attribute(ip, ip_len, CTA_IP_V6_DST, &address)) != 16)
		return false;
	memcpy(&number, port, sizeof(number));
	put_address(end, address, size, number);
	return true;
}

/* --- talking to the kernel --- */

static uint32_t sequence;

/* fn for each message of a dump until it is done. */
static int dump(int fd, const struct nlmsghdr *ask,
		void (*fn)(void *arg, uint8_t family, const uint8_t *data, size_t len), void *arg)
{
	static uint8_t in[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n;

	if (send(fd, ask, ask->nlmsg_len, 0) < 0)
		return -errno;
	while ((n = recv(fd, in, sizeof(in), 0)) > 0)
		for (const struct nlmsghdr *h = (const void *)in; NLMSG_OK(h, (size_t)n);
		     h = NLMSG_NEXT(h, n)) {
			const uint8_t *data = (const uint8_t *)h + NLMSG_HDRLEN;

			if (h->nlmsg_seq != ask->nlmsg_seq || h->nlmsg_len == NLMSG_HDRLEN)
				continue;
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return h->nlmsg_type == NLMSG_DONE ? 0 : -EIO;
			fn(arg, data[0], data, h->nlmsg_len - NLMSG_HDRLEN);
		}
	return n < 0 ? -errno : -EIO;
}

/* Whether it is done is seen by the answer; what is gone meanwhile is as good. */
static int order(int fd, const struct nlmsghdr *ask)
{
	uint8_t in[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *h = (const void *)in;
	int error;

	if (send(fd, ask, ask->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, in, sizeof(in), 0);

		if (n < (ssize_t)NLMSG_LENGTH(sizeof(error)))
			return n < 0 ? -errno : -EIO;
		if (h->nlmsg_seq == ask->nlmsg_seq && h->nlmsg_type == NLMSG_ERROR)
			break;
	}
	memcpy(&error, NLMSG_DATA(h), sizeof(error));
	return error == -ENOENT ? 0 : error;
}

/* --- sockets --- */

struct socket_request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

struct sockets {
	const struct cut_end *ends;
	size_t n_ends, n;
	struct inet_diag_sockid *ids;
	uint8_t family;
};

static void take_socket(void *arg, uint8_t family, const uint8_t *data, size_t len)
{
	struct sockets *s = arg;
	struct cut_end end;

	(void)family;
	if (s->n == FLOWS_MAX || !cut_read_socket(data, len, &end) ||
	    !has(s->ends, s->n_ends, &end))
		return;
	if (s->n % STEP == 0)
		s->ids = xrealloc(s->ids, (s->n + STEP) * sizeof(*s->ids));
	memcpy(&s->ids[s->n++], data + offsetof(struct inet_diag_msg, id), sizeof(*s->ids));
}

static struct socket_request socket_request(uint16_t type, uint16_t flags, uint8_t family,
					    uint8_t protocol)
{
	return (struct socket_request){
		.head = {.nlmsg_len = sizeof(struct socket_request),
			 .nlmsg_type = type,
			 .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			 .nlmsg_seq = ++sequence},
		.body = {.sdiag_family = family,
			 .sdiag_protocol = protocol,
			 .idiag_states = ~(1u << TCP_LISTEN | 1u << TCP_TIME_WAIT)},
	};
}

static int cut_sockets(int fd, const struct cut_end *ends, size_t n, uint8_t family,
		       uint8_t protocol)
{
	struct socket_request ask =
		socket_request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family, protocol);
	struct sockets s = {.ends = ends, .n_ends = n, .family = family};
	int cut = 0, r = dump(fd, &ask.head, take_socket, &s);

	for (size_t i = 0; i < s.n; i++) {
		ask = socket_request(SOCK_DESTROY, NLM_F_ACK, family, protocol);
		ask.body.id = s.ids[i];
		cut += order(fd, &ask.head) == 0;
	}
	free(s.ids);
	return cut ? cut : r;
}

/* --- tracked flows --- */

struct flow {
	uint8_t family;
	uint16_t len;
	uint8_t tuple[TUPLE_MAX];
};

struct flows {
	const struct cut_end *ends;
	size_t n_ends, n;
	struct flow *v;
};

static void take_flow(void *arg, uint8_t family, const uint8_t *data, size_t len)
{
	struct flows *f = arg;
	const uint8_t *tuple;
	struct cut_end end;
	size_t tuple_len;

	if (f->n == FLOWS_MAX || !cut_read_flow(data, len, &end, &tuple, &tuple_len) ||
	    tuple_len > TUPLE_MAX || !has(f->ends, f->n_ends, &end))
		return;
	if (f->n % STEP == 0)
		f->v = xrealloc(f->v, (f->n + STEP) * sizeof(*f->v));
	f->v[f->n] = (struct flow){.family = family, .len = (uint16_t)tuple_len};
	memcpy(f->v[f->n++].tuple, tuple, tuple_len);
}

struct flow_request {
	struct nlmsghdr head;
	struct nfgenmsg family;
	struct nlattr tuple;
	uint8_t data[TUPLE_MAX];
};

static struct flow_request flow_request(uint16_t type, uint16_t flags, uint8_t family)
{
	return (struct flow_request){
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
			 .nlmsg_type = type,
			 .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			 .nlmsg_seq = ++sequence},
		.family = {.nfgen_family = family, .version = NFNETLINK_V0},
	};
}

static int forget(int fd, const struct flow *f)
{
	struct flow_request ask = flow_request(CT(IPCTNL_MSG_CT_DELETE), NLM_F_ACK, f->family);

	ask.tuple = (struct nlattr){.nla_len = (uint16_t)(sizeof(ask.tuple) + f->len),
				    .nla_type = CTA_TUPLE_ORIG | NLA_F_NESTED};
	memcpy(ask.data, f->tuple, f->len);
	ask.head.nlmsg_len += NLA_ALIGN(ask.tuple.nla_len);
	return order(fd, &ask.head);
}

static int cut_tracked(int fd, const struct cut_end *ends, size_t n)
{
	struct flow_request ask = flow_request(CT(IPCTNL_MSG_CT_GET), NLM_F_DUMP, AF_UNSPEC);
	struct flows f = {.ends = ends, .n_ends = n};
	int cut = 0, r = dump(fd, &ask.head, take_flow, &f);

	for (size_t i = 0; i < f.n; i++)
		cut += forget(fd, &f.v[i]) == 0;
	free(f.v);
	return cut ? cut : r;
}

int cut_flows(const struct cut *c, const struct cut_end *ends, size_t n)
{
	static const uint8_t families[] = {AF_INET, AF_INET6},
			     protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
	int cut = 0, r;

	if (c->diag < 0 || n == 0)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		r = cut_sockets(c->diag, ends, n, families[i / 2], protocols[i % 2]);
		cut += r > 0 ? r : 0;
	}
	r = cut_tracked(c->tracked, ends, n);
	return r < 0 ? r : cut + r;
}
