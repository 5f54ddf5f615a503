/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/reply.h"

#include <string.h>

#include "tools/pod-dns/svcb.h"

#define TTL_FILTERED 5 /* of an answer of which nothing was left */

/* What one feed looks at: the message, and where its sections begin. */
struct feed {
	struct reply *r;
	const struct reply_filter *filter;
	const uint8_t *msg;
	size_t len, answers, authority;
	unsigned n_answers, n_authority;
	uint32_t ttl; /* of the record at hand */
};

void reply_begin(struct reply *r, uint8_t *buffer, const struct name *name, uint16_t type)
{
	*r = (struct reply){.data = buffer, .type = type, .now = *name, .ttl = REPLY_TTL_MAX};
	r->packet = (struct packet){.data = buffer, .cap = MESSAGE_MAX};
	packet_begin(&r->packet, 0, FLAG_QR | FLAG_RA, name, type, CLASS_IN);
}

static void keep_address(struct reply *r, const struct in6_addr *a, uint32_t ttl)
{
	for (unsigned i = 0; i < r->n_addresses; i++)
		if (memcmp(&r->addresses[i].address, a, sizeof(*a)) == 0)
			return;
	if (r->n_addresses < 2 * REPLY_ADDRESSES)
		r->addresses[r->n_addresses++] = (struct reply_address){*a, ttl};
}

static void keep_hint(void *arg, const struct in6_addr *a)
{
	const struct feed *f = arg;

	keep_address(f->r, a, f->ttl);
}

/* Addresses and hints as the filter wants them; the length of what stays, 0 for nothing. */
static int clean(struct feed *f, uint16_t type, uint8_t *rdata, int len)
{
	struct reply *r = f->r;
	struct in6_addr a;
	const struct svcb_filter svcb = {f->filter->open, f->filter->n_open, keep_hint, f};

	if (type == TYPE_HTTPS || type == TYPE_SVCB)
		return svcb_clean(rdata, (size_t)len, &svcb);
	if (type != TYPE_A && type != TYPE_AAAA)
		return len;
	if (len != (type == TYPE_A ? 4 : 16) || r->n_addresses >= REPLY_ADDRESSES)
		return 0;
	if (type == TYPE_A)
		a = address_v4(rdata);
	else
		memcpy(&a, rdata, sizeof(a));
	/* ::ffff:a.b.c.d in AAAA would be an IPv4 connection that no rule for IPv6 sees. */
	if ((type == TYPE_AAAA && address_is_v4(&a)) ||
	    address_is_closed(&a, f->filter->open, f->filter->n_open)) {
		r->is_filtered = true;
		return 0;
	}
	/* The relay takes connections before it knows whether they lead anywhere: a client that
	 * prefers IPv6 would not come back for IPv4 on a host that has none. */
	if (type == TYPE_AAAA && f->filter->has_route && !f->filter->has_route(&a))
		return 0;
	keep_address(r, &a, f->ttl);
	return len;
}

static bool has_one_name(uint16_t type)
{
	return type == TYPE_CNAME || type == TYPE_NS || type == TYPE_PTR;
}

/* Append a record; one that does not fit is left out whole. */
static bool write_record(struct reply *r, const struct rr *rr, const uint8_t *rdata, size_t len)
{
	struct packet *p = &r->packet;
	size_t start = p->len, ttl_at, data_at;

	if (r->n_records >= REPLY_RECORDS)
		return false;
	packet_name(p, &rr->owner);
	packet_u16(p, rr->type);
	packet_u16(p, CLASS_IN);
	ttl_at = p->len;
	packet_u32(p, rr->ttl);
	packet_u16(p, 0);
	data_at = p->len;
	if (has_one_name(rr->type)) {
		struct name n = {.len = (uint8_t)len};

		memcpy(n.wire, rdata, len);
		packet_name(p, &n);
	} else {
		packet_bytes(p, rdata, len);
	}
	if (p->is_full) {
		p->len = start;
		return false;
	}
	put16(p->data + data_at - 2, (unsigned)(p->len - data_at));
	r->records[r->n_records++] = (struct reply_record){(uint16_t)start, (uint16_t)ttl_at};
	if (rr->ttl < r->ttl)
		r->ttl = rr->ttl;
	return true;
}

static void keep_answer(struct feed *f, const struct rr *rr)
{
	static uint8_t rdata[MESSAGE_MAX];
	int len = rr_expand(rr, f->msg, f->len, rdata, sizeof(rdata));

	f->ttl = rr->ttl;
	if (len > 0)
		len = clean(f, rr->type, rdata, len);
	if (len > 0 && write_record(f->r, rr, rdata, (size_t)len))
		f->r->n_answers++;
}

/* All data of the type asked for at the end of the chain: true when there was some, kept or not. */
static bool keep_data(struct feed *f)
{
	size_t at = f->answers;
	bool found = false;
	struct rr rr;

	for (unsigned i = 0; i < f->n_answers; i++) {
		if (rr_read(&rr, f->msg, f->len, &at) < 0)
			break;
		if (rr.class != CLASS_IN || rr.type != f->r->type ||
		    !name_equal(&rr.owner, &f->r->now))
			continue;
		found = true;
		keep_answer(f, &rr);
	}
	return found;
}

/* Follow one CNAME: true when the chain went on. */
static bool follow(struct feed *f)
{
	size_t at = f->answers;
	struct rr rr;

	for (unsigned i = 0; i < f->n_answers; i++) {
		if (rr_read(&rr, f->msg, f->len, &at) < 0)
			break;
		if (rr.class == CLASS_IN && rr.type == TYPE_CNAME &&
		    name_equal(&rr.owner, &f->r->now)) {
			size_t data = rr.data;

			keep_answer(f, &rr);
			if (name_read(&f->r->now, f->msg, f->len, &data) < 0)
				return false;
			f->r->hops++;
			return true;
		}
	}
	return false;
}

/* The SOA that says for how long nothing is there (RFC 2308): only of a zone the name lies in. */
static bool keep_soa(struct feed *f)
{
	size_t at = f->authority;
	uint8_t rdata[2 * NAME_WIRE_MAX + 20];
	struct rr rr;

	for (unsigned i = 0; i < f->n_authority; i++) {
		uint32_t least;
		int len;

		if (rr_read(&rr, f->msg, f->len, &at) < 0)
			return false;
		if (rr.class != CLASS_IN || rr.type != TYPE_SOA ||
		    !name_below(&f->r->now, &rr.owner))
			continue;
		len = rr_expand(&rr, f->msg, f->len, rdata, sizeof(rdata));
		if (len < 22)
			return false;
		least = get32(rdata + len - 4);
		if (least < rr.ttl)
			rr.ttl = least;
		if (rr.ttl > REPLY_TTL_NONE)
			rr.ttl = REPLY_TTL_NONE;
		return write_record(f->r, &rr, rdata, (size_t)len);
	}
	return false;
}

static bool skip_records(struct feed *f, size_t *at, unsigned n)
{
	struct rr rr;

	while (n--)
		if (rr_read(&rr, f->msg, f->len, at) < 0)
			return false;
	return true;
}

/* Find the sections; everything up to the end of the authority section must be well-formed. */
static bool open_message(struct feed *f)
{
	struct name n;
	size_t at = MESSAGE_HEADER;

	if (f->len < MESSAGE_HEADER || get16(f->msg + 4) != 1 ||
	    name_read(&n, f->msg, f->len, &at) < 0 || at + 4 > f->len)
		return false;
	f->answers = at += 4;
	f->n_answers = get16(f->msg + 6);
	f->n_authority = get16(f->msg + 8);
	if (!skip_records(f, &at, f->n_answers))
		return false;
	f->authority = at;
	return skip_records(f, &at, f->n_authority);
}

static enum reply_state finish(struct reply *r)
{
	r->len = (uint16_t)r->packet.len;
	put16(r->data + 2, FLAG_QR | FLAG_RA | r->rcode);
	packet_count(&r->packet, 1, r->n_answers);
	packet_count(&r->packet, 2, r->n_records - r->n_answers);
	return REPLY_DONE;
}

enum reply_state reply_feed(struct reply *r, const uint8_t *msg, size_t len,
			    const struct reply_filter *filter)
{
	struct feed f = {.r = r, .filter = filter, .msg = msg, .len = len};
	unsigned hops = r->hops;

	if (!open_message(&f))
		return REPLY_BAD;
	r->rcode = msg[3] & 15;
	if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN)
		return REPLY_BAD;
	do {
		if (r->hops > REPLY_HOPS)
			return REPLY_BAD;
		if (keep_data(&f)) {
			if (r->n_answers == 0 && r->ttl > TTL_FILTERED)
				r->ttl = TTL_FILTERED;
			return finish(r);
		}
	} while (r->type != TYPE_CNAME && follow(&f));
	if (keep_soa(&f))
		return finish(r);
	if (r->hops > hops && r->rcode == RCODE_NOERROR)
		return REPLY_CHASE;
	r->ttl = 0; /* nothing says for how long */
	return finish(r);
}

void reply_alias(struct reply *r, const struct name *target)
{
	const struct rr rr = {.owner = r->now, .type = TYPE_CNAME, .ttl = REPLY_TTL_NONE};

	if (r->type == TYPE_CNAME)
		return;
	r->n_answers += write_record(r, &rr, target->wire, target->len);
	r->now = *target;
}

void reply_fixed(struct reply *r, const struct in6_addr *a, uint32_t ttl)
{
	bool is_v4 = address_is_v4(a);
	const struct rr rr = {.owner = r->now, .type = r->type, .ttl = ttl};

	if (r->type == (is_v4 ? TYPE_A : TYPE_AAAA)) {
		r->n_answers += write_record(r, &rr, a->s6_addr + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
		keep_address(r, a, ttl);
	}
	finish(r);
}
