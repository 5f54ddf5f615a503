/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: what it keeps, for how long, and what it gives up for room. */
#include "tests/lib/tap.h"
#include "tools/pod-dns/answers.h"

static uint8_t buffer[MESSAGE_MAX];
static struct reply r;

static struct name numbered(int i)
{
	char text[64];
	struct name n;

	snprintf(text, sizeof(text), "h%d.example.com", i);
	name_from_text(&n, text, strlen(text));
	return n;
}

static void put(struct answers *c, int i, uint32_t ttl, uint64_t now)
{
	const struct name n = numbered(i);
	const uint8_t four[] = {192, 0, 2, (uint8_t)i};
	const struct in6_addr a = address_v4(four);

	reply_begin(&r, buffer, &n, TYPE_A);
	reply_fixed(&r, &a, ttl);
	answers_put(c, &n, TYPE_A, now, &r);
}

static bool has(struct answers *c, int i, uint64_t now, struct answer *a)
{
	const struct name n = numbered(i);

	return answers_get(c, &n, TYPE_A, now, a);
}

static void ages(void)
{
	struct answers *c = answers_new(1 << 20);
	const struct name n = numbered(1);
	struct answer a;

	put(c, 1, 60, 1000);
	ok(has(c, 1, 1000, &a), "kept");
	ok(a.n_answers == 1 && a.n_addresses == 1 && a.addresses[0].address.s6_addr[15] == 1 &&
		   get32(a.data + a.records[0].ttl) == 60,
	   "as it was");
	ok(!answers_get(c, &n, TYPE_AAAA, 1000, &a), "for its type");
	ok(has(c, 1, 60999, &a) && a.age == 59, "until its last second");
	ok(!has(c, 1, 61000, &a), "and no longer");
	is_int((int)answers_count(c), 0, "then it is gone");
	put(c, 2, 0, 1000);
	ok(!has(c, 2, 1000, &a), "what must not be kept is not");
	put(c, 3, 60, 1000);
	put(c, 3, 10, 2000);
	ok(has(c, 3, 2000, &a) && a.ttl == 10, "a newer one takes its place");
	is_int((int)answers_count(c), 1, "there is one");
	answers_clear(c);
	ok(!has(c, 3, 2000, &a), "forgotten");
	answers_free(c);
}

static void room(void)
{
	struct answers *c = answers_new(64 << 10);
	struct answer a;
	int kept = 0;

	for (int i = 0; i < 10000; i++) {
		put(c, i, 600, 1000);
		has(c, 0, 1000, &a); /* asked for all the time */
	}
	for (int i = 0; i < 10000; i++)
		kept += has(c, i, 1000, &a);
	is_int(kept, (int)answers_count(c), "as many as it says");
	ok(kept > 100 && kept < 1000, "%d of 10000 in 64 KiB", kept);
	ok(has(c, 0, 1000, &a), "the one that was used stayed");
	ok(has(c, 9999, 1000, &a) && !has(c, 1, 1000, &a), "the oldest went, the newest is there");
	answers_free(c);
}

int main(void)
{
	ages();
	room();
	return done_testing();
}
