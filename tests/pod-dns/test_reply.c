/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an upstream's answer, record by record. */
#include "tests/lib/tap.h"
#include "tools/pod-dns/reply.h"

static uint8_t message[4096], made[MESSAGE_MAX];
static struct packet p;
static struct reply r;
static const struct reply_filter nothing_open;

static struct name name_of(const char *text)
{
	struct name n;

	name_from_text(&n, text, strlen(text));
	return n;
}

/* Begin an answer of the upstream's to a question for name. */
static void upstream(const char *name, uint16_t type, unsigned rcode)
{
	const struct name n = name_of(name);

	p = (struct packet){.data = message, .cap = sizeof(message)};
	packet_begin(&p, 0, FLAG_QR | FLAG_RA | rcode, &n, type, CLASS_IN);
}

static void record(unsigned section, const char *owner, uint16_t type, uint32_t ttl,
		   const void *data, size_t len)
{
	const struct name n = name_of(owner);

	packet_name(&p, &n);
	packet_u16(&p, type);
	packet_u16(&p, CLASS_IN);
	packet_u32(&p, ttl);
	packet_u16(&p, (unsigned)len);
	packet_bytes(&p, data, len);
	packet_count(&p, section, get16(p.data + 4 + 2 * section) + 1u);
}

static void a(const char *owner, uint32_t ttl, uint8_t x, uint8_t y)
{
	const uint8_t four[] = {x, y, 2, 1};

	record(1, owner, TYPE_A, ttl, four, 4);
}

static void cname(const char *owner, const char *target)
{
	const struct name n = name_of(target);

	record(1, owner, TYPE_CNAME, 100, n.wire, n.len);
}

static void soa(const char *owner, uint32_t ttl, uint8_t least)
{
	const uint8_t data[22] = {[21] = least};

	record(2, owner, TYPE_SOA, ttl, data, sizeof(data));
}

static enum reply_state feed(void)
{
	return reply_feed(&r, message, p.len, &nothing_open);
}

static void begin(const char *name, uint16_t type)
{
	const struct name n = name_of(name);

	reply_begin(&r, made, &n, type);
}

static void chains(void)
{
	upstream("a.test", TYPE_A, 0);
	a("c.test", 50, 192, 0);
	a("other.test", 50, 192, 7); /* nobody asked */
	cname("b.test", "C.test");
	cname("a.test", "b.test");
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_DONE, "a chain in any order");
	is_int(r.n_answers, 3, "is followed to its end, and nothing else is kept");
	is_int(r.n_addresses, 1, "its address is known");
	is_int((int)r.ttl, 50, "and kept as long as its shortest record");

	upstream("a.test", TYPE_A, 0);
	cname("a.test", "b.test");
	cname("b.test", "a.test");
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_BAD, "a chain that bites its tail");

	upstream("a.test", TYPE_A, 0);
	cname("a.test", "b.test");
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_CHASE, "a chain that breaks off");
	upstream("b.test", TYPE_A, 0);
	a("b.test", 60, 192, 0);
	is_int(feed(), REPLY_DONE, "goes on where it broke off");
	is_int(r.n_answers, 2, "with both parts");
}

static void negatives(void)
{
	upstream("a.test", TYPE_A, RCODE_NXDOMAIN);
	soa("test", 3600, 30);
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_DONE, "no such name");
	is_int(r.rcode, RCODE_NXDOMAIN, "is passed on");
	is_int((int)r.ttl, 30, "and kept for the SOA's minimum");
	upstream("a.test", TYPE_A, 0);
	soa("else", 3600, 30);
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_DONE, "nothing of that type");
	is_int((int)r.ttl, 0, "is not kept on the word of somebody else's SOA");
	is_int(r.n_records, 0, "which is not passed on");
	upstream("a.test", TYPE_A, RCODE_SERVFAIL);
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_BAD, "an error");
}

static void private_ones(void)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1};
	static const uint8_t nat64[16] = {0, 0x64, 0xff, 0x9b, [12] = 10, [15] = 1};
	struct cidr ten;
	const struct reply_filter open = {.open = &ten, .n_open = 1};

	cidr_parse("10.0.0.0/8", &ten);
	upstream("a.test", TYPE_A, 0);
	a("a.test", 50, 10, 0);
	a("a.test", 50, 192, 0);
	a("a.test", 50, 127, 0);
	a("a.test", 50, 0, 0);
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_DONE, "private addresses among others");
	is_int(r.n_answers, 1, "are left out");
	ok(r.is_filtered, "and that is known");
	begin("a.test", TYPE_A);
	reply_feed(&r, message, p.len, &open);
	is_int(r.n_answers, 2, "but for a network that was opened");
	upstream("a.test", TYPE_AAAA, 0);
	record(1, "a.test", TYPE_AAAA, 9, mapped, 16);
	record(1, "a.test", TYPE_AAAA, 9, nat64, 16);
	begin("a.test", TYPE_AAAA);
	is_int(feed(), REPLY_DONE, "IPv4 in IPv6's clothes");
	is_int(r.n_answers, 0, "is seen through");
	ok(r.ttl <= 5, "an answer with nothing left does not last");
}

static void https(void)
{
	static const char good[] = "\0\1\0\0\1\0\6\2h2\2h3\0\4\0\10\300\0\2\1\12\0\0\1\0\5\0\2xx";
	static const char only_h3[] = "\0\1\0\0\1\0\3\2h3\0\2\0\0";
	static const char alias[] = "\0\0\1x\0";
	static const char twice[] = "\0\1\0\0\3\0\2\0\1\0\3\0\2\0\1";
	static const char want[] = "\0\1\0\0\1\0\3\2h2\0\4\0\4\300\0\2\1";
	struct rr rr;
	size_t at = MESSAGE_HEADER;
	struct name n;

	upstream("a.test", TYPE_HTTPS, 0);
	record(1, "a.test", TYPE_HTTPS, 9, good, sizeof(good) - 1);
	record(1, "a.test", TYPE_HTTPS, 9, only_h3, sizeof(only_h3) - 1);
	record(1, "a.test", TYPE_HTTPS, 9, alias, sizeof(alias) - 1);
	record(1, "a.test", TYPE_HTTPS, 9, twice, sizeof(twice) - 1);
	begin("a.test", TYPE_HTTPS);
	is_int(feed(), REPLY_DONE, "HTTPS records");
	is_int(r.n_answers, 1, "another name, h3 alone and a key twice are dropped");
	is_int(r.n_addresses, 1, "the public hint is to be pinned");
	name_read(&n, r.data, r.len, &at);
	at += 4;
	is_int(rr_read(&rr, r.data, r.len, &at), 0, "the record that stays");
	ok(rr.len == sizeof(want) - 1 && memcmp(r.data + rr.data, want, rr.len) == 0,
	   "has no ech, no h3, no private hint");
}

static void bounds(void)
{
	upstream("a.test", TYPE_A, 0);
	for (int i = 0; i < 100; i++)
		a("a.test", 50, 192, (uint8_t)i);
	begin("a.test", TYPE_A);
	is_int(feed(), REPLY_DONE, "a hundred addresses");
	is_int(r.n_answers, REPLY_ADDRESSES, "as many as are pinned");
	upstream("a.test", TYPE_A, 0);
	a("a.test", 50, 192, 0);
	begin("a.test", TYPE_A);
	is_int(reply_feed(&r, message, p.len - 1, &nothing_open), REPLY_BAD, "a byte short");
	p.data[7] = 9;
	is_int(feed(), REPLY_BAD, "more records promised than there are");
}

int main(void)
{
	chains();
	negatives();
	private_ones();
	https();
	bounds();
	return done_testing();
}
