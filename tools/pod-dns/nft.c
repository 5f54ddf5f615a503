/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written out by hand: three kinds of message with fixed attributes, for a daemon whose every page
 * and every call after the lock-down counts.
 */
#include "tools/pod-dns/nft.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "libcommon/address.h"

#define TABLE "envpod"

/* Deletes what is there and is content with what is not (Linux 6.3; not in older headers). */
#define DESTROYSETELEM 30

static void *grow(struct nft_batch *b, size_t len)
{
	size_t whole = NLMSG_ALIGN(len);
	void *at = b->data + b->len;

	if (whole > sizeof(b->data) - b->len) {
		b->is_full = true;
		return NULL;
	}
	memset(at, 0, whole);
	b->len += whole;
	return at;
}

static struct nlmsghdr *message(struct nft_batch *b, uint16_t type, uint16_t flags, uint8_t family,
				uint16_t res)
{
	struct nlmsghdr *h = grow(b, sizeof(*h));
	struct nfgenmsg *g = grow(b, sizeof(*g));

	if (!h || !g)
		return NULL;
	*h = (struct nlmsghdr){.nlmsg_type = type,
			       .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			       .nlmsg_seq = b->seq++};
	*g = (struct nfgenmsg){
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(res)};
	return h;
}

static struct nlattr *attr(struct nft_batch *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = grow(b, sizeof(*a));
	void *to = a && len ? grow(b, len) : NULL;

	if (!a || (len && !to))
		return NULL;
	*a = (struct nlattr){.nla_len = (uint16_t)(sizeof(*a) + len), .nla_type = type};
	if (len)
		memcpy(to, data, len);
	return a;
}

static struct nlattr *nest(struct nft_batch *b, uint16_t type)
{
	return attr(b, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
}

static void nest_end(struct nft_batch *b, struct nlattr *a)
{
	if (a)
		a->nla_len = (uint16_t)(b->data + b->len - (uint8_t *)a);
}

/* One element of the set that the address belongs to; each field of a key takes whole words. */
static void element(struct nft_batch *b, uint16_t type, uint16_t flags, const struct in6_addr *a,
		    uint16_t port, uint64_t timeout_ms)
{
	bool is_v4 = address_is_v4(a);
	size_t size = is_v4 ? 4 : 16;
	uint8_t key[20] = {0};
	uint64_t timeout = htobe64(timeout_ms);
	struct nlmsghdr *h = message(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
				     (uint16_t)(NLM_F_ACK | flags), NFPROTO_INET, 0);
	struct nlattr *list, *elem, *value;

	memcpy(key, a->s6_addr + (is_v4 ? 12 : 0), size);
	key[size] = (uint8_t)(port >> 8);
	key[size + 1] = (uint8_t)port;
	attr(b, NFTA_SET_ELEM_LIST_TABLE, TABLE, sizeof(TABLE));
	attr(b, NFTA_SET_ELEM_LIST_SET, is_v4 ? "pins4" : "pins6", 6);
	list = nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = nest(b, NFTA_LIST_ELEM);
	value = nest(b, NFTA_SET_ELEM_KEY);
	attr(b, NFTA_DATA_VALUE, key, size + 4);
	nest_end(b, value);
	if (timeout_ms)
		attr(b, NFTA_SET_ELEM_TIMEOUT, &timeout, sizeof(timeout));
	nest_end(b, elem);
	nest_end(b, list);
	if (h && !b->is_full)
		h->nlmsg_len = (uint32_t)(b->data + b->len - (uint8_t *)h);
	b->messages++;
}

static void bracket(struct nft_batch *b, uint16_t type)
{
	struct nlmsghdr *h = message(b, type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	if (h)
		h->nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg));
}

void nft_begin(struct nft_batch *b)
{
	b->len = 0;
	b->messages = 0;
	b->is_full = false;
	bracket(b, NFNL_MSG_BATCH_BEGIN);
}

void nft_add(struct nft_batch *b, const struct in6_addr *a, uint16_t port, uint64_t timeout_ms)
{
	element(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, a, port, timeout_ms);
}

void nft_delete(struct nft_batch *b, const struct in6_addr *a, uint16_t port, bool may_be_gone)
{
	element(b, may_be_gone ? DESTROYSETELEM : NFT_MSG_DELSETELEM, 0, a, port, 0);
}

/* One datagram of the kernel's: how many of our messages it speaks of; the first error in *r. */
static int take_acks(const uint8_t *data, size_t len, uint32_t first, uint32_t end, int *r)
{
	int acks = 0;

	for (size_t at = 0; len - at >= sizeof(struct nlmsghdr);) {
		struct nlmsghdr h;
		struct nlmsgerr err;

		memcpy(&h, data + at, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len - at)
			break;
		if (h.nlmsg_type == NLMSG_ERROR && h.nlmsg_seq - first < end - first &&
		    h.nlmsg_len >= NLMSG_LENGTH(sizeof(err))) {
			memcpy(&err, data + at + NLMSG_HDRLEN, sizeof(err));
			if (err.error && *r == 0)
				*r = err.error;
			acks++;
		}
		at += NLMSG_ALIGN(h.nlmsg_len);
		if (at > len)
			break;
	}
	return acks;
}

int nft_send(int fd, struct nft_batch *b)
{
	static uint8_t in[65536] __attribute__((aligned(4)));
	uint32_t first = b->seq - b->messages, end;
	unsigned acks = 0;
	int r = 0;

	if (b->messages == 0)
		return 0;
	bracket(b, NFNL_MSG_BATCH_END);
	end = b->seq;
	if (b->is_full)
		return -EMSGSIZE;
	if (send(fd, b->data, b->len, 0) < 0)
		return -errno;
	/* An error may stand for the whole batch: then it is the only answer there is. */
	while (acks < b->messages && r == 0) {
		ssize_t n = recv(fd, in, sizeof(in), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		acks += (unsigned)take_acks(in, (size_t)n, first - 1, end, &r);
	}
	/* After an error the rest of what was said belongs to this batch, too. */
	while (r && recv(fd, in, sizeof(in), MSG_DONTWAIT) > 0)
		;
	return r;
}
