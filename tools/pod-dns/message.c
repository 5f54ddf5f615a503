/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/message.h"

#include <errno.h>
#include <string.h>

uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

int rr_read(struct rr *r, const uint8_t *msg, size_t len, size_t *at)
{
	if (name_read(&r->owner, msg, len, at) < 0 || *at + 10 > len)
		return -EINVAL;
	r->type = get16(msg + *at);
	r->class = get16(msg + *at + 2);
	r->ttl = get32(msg + *at + 4);
	r->len = get16(msg + *at + 8);
	r->data = *at + 10;
	if (r->data + r->len > len)
		return -EINVAL;
	if (r->ttl > INT32_MAX) /* RFC 2181, 8 */
		r->ttl = 0;
	*at = r->data + r->len;
	return 0;
}

/* What stands in the additional section of a query: one OPT at most. */
static int read_additional(struct query *q, const uint8_t *msg, size_t len, unsigned count,
			   size_t at)
{
	struct rr r;

	for (; count; count--) {
		if (rr_read(&r, msg, len, &at) < 0)
			return RCODE_FORMERR;
		if (r.type != TYPE_OPT)
			continue;
		if (q->has_edns || r.owner.len != 1)
			return RCODE_FORMERR;
		q->has_edns = true;
		q->size = r.class < 512 ? 512 : r.class;
		q->wants_dnssec = get16(msg + r.data - 4) & 0x8000;
		if (msg[r.data - 5] != 0)
			return RCODE_BADVERS;
	}
	return 0;
}

int query_parse(struct query *q, const uint8_t *msg, size_t len)
{
	size_t at = MESSAGE_HEADER;

	*q = (struct query){.size = 512};
	if (len < MESSAGE_HEADER || (get16(msg + 2) & FLAG_QR))
		return -EBADMSG;
	q->id = get16(msg);
	q->flags = get16(msg + 2);
	if (q->flags & 0x7800)
		return RCODE_NOTIMP;
	if (get16(msg + 4) != 1 || get16(msg + 6) != 0 || get16(msg + 8) != 0 ||
	    get16(msg + 10) > 4 || name_read(&q->name, msg, len, &at) < 0 || at + 4 > len) {
		q->name.len = 0;
		return RCODE_FORMERR;
	}
	q->type = get16(msg + at);
	q->class = get16(msg + at + 2);
	q->end = at + 4;
	return read_additional(q, msg, len, get16(msg + 10), q->end);
}

/*
 * The types whose names a sender may compress (RFC 1035 and the older ones RFC 3597, 4 lists), by
 * what their rdata is made of: n a name, c a character string, a digit that many bytes, * the rest.
 * SOA's five numbers: 20 bytes.  All other types are opaque.
 */
static const struct {
	uint16_t type;
	const char *parts;
} layouts[] = {
	{TYPE_NS, "n"}, {3, "n"},   {4, "n"},   {TYPE_CNAME, "n"}, {TYPE_SOA, "nn884"},
	{7, "n"},       {8, "n"},   {9, "n"},   {TYPE_PTR, "n"},   {14, "nn"},
	{15, "2n"},     {17, "nn"}, {18, "2n"}, {21, "2n"},        {24, "99n*"},
	{26, "2nn"},    {30, "n*"}, {33, "6n"}, {35, "4cccn"},     {36, "2n"},
	{39, "n"},
};

static const char *layout(unsigned type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return layouts[i].parts;
	return "*";
}

int rr_expand(const struct rr *r, const uint8_t *msg, size_t len, uint8_t *out, size_t cap)
{
	size_t at = r->data, end = r->data + r->len, to = 0;

	for (const char *part = layout(r->type); *part; part++) {
		struct name n;
		size_t take = end - at;

		if (*part == 'n') {
			/* A name may point anywhere before, but must itself end within the rdata.
			 */
			if (name_read(&n, msg, len, &at) < 0 || at > end || to + n.len > cap)
				return -EINVAL;
			memcpy(out + to, n.wire, n.len);
			to += n.len;
			continue;
		}
		if (*part == 'c')
			take = at < end ? 1u + msg[at] : SIZE_MAX;
		else if (*part != '*')
			take = (size_t)(*part - '0');
		if (take > end - at || to + take > cap)
			return -EINVAL;
		memcpy(out + to, msg + at, take);
		at += take;
		to += take;
	}
	return at == end ? (int)to : -EINVAL;
}
