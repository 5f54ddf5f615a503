/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as a question from the pod, as an answer from upstream (for four types, by the first
 * byte), and its rdata as an HTTPS record.  What is made of an answer must itself be well-formed.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-dns/answers.h"
#include "tools/pod-dns/reply.h"
#include "tools/pod-dns/svcb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct reply *r)
{
	struct rr rr;
	struct name n;
	size_t at = MESSAGE_HEADER;
	unsigned records = get16(r->data + 6) + get16(r->data + 8);

	if (records != r->n_records || name_read(&n, r->data, r->len, &at) < 0)
		abort();
	at += 4;
	for (unsigned i = 0; i < records; i++) {
		if (at != r->records[i].start || rr_read(&rr, r->data, r->len, &at) < 0 ||
		    r->records[i].ttl + 6u != rr.data)
			abort();
	}
	if (at != r->len)
		abort();
	for (unsigned i = 0; i < r->n_addresses; i++)
		if (address_is_private(&r->addresses[i].address))
			abort();
}

static void as_answer(const uint8_t *data, size_t size, uint16_t type)
{
	static uint8_t buffer[MESSAGE_MAX];
	static struct reply r;
	const struct reply_filter filter = {.open = NULL};
	struct name n;
	enum reply_state state;

	name_from_text(&n, "a.b", 3);
	reply_begin(&r, buffer, &n, type);
	state = reply_feed(&r, data, size, &filter);
	if (state == REPLY_CHASE)
		state = reply_feed(&r, data, size, &filter);
	if (state == REPLY_DONE)
		check_reply(&r);
}

static void no_hint(void *arg, const struct in6_addr *a)
{
	(void)arg;
	if (address_is_private(a))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA, TYPE_HTTPS, 15};
	const struct svcb_filter filter = {.hint = no_hint};
	struct query q;
	uint8_t *copy;

	if (size == 0 || size > 4096)
		return 0;
	query_parse(&q, data + 1, size - 1);
	as_answer(data + 1, size - 1, types[data[0] % 4]);
	copy = malloc(size);
	memcpy(copy, data, size);
	if (svcb_clean(copy, size, &filter) > (int)size)
		abort();
	free(copy);
	return 0;
}
