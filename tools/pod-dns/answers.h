/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as they were made by reply.h, kept while they are true and there is room. */
#ifndef POD_DNS_ANSWERS_H
#define POD_DNS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pod-dns/reply.h"

/* An answer that can be sent; its parts belong to a cache or to a reply. */
struct answer {
	const uint8_t *data;
	const struct reply_record *records;
	const struct reply_address *addresses;
	uint16_t len, n_records, n_answers, n_addresses;
	uint8_t rcode;
	bool is_filtered;
	uint32_t ttl, age; /* seconds */
};

struct answer answer_of(const struct reply *r);

struct answers;

/* Holds at most max_bytes; what was not asked for longest goes first. */
struct answers *answers_new(size_t max_bytes);
void answers_free(struct answers *c);
void answers_clear(struct answers *c);
size_t answers_count(const struct answers *c);

/* name in lower case.  false when nothing is known, or no more. */
bool answers_get(struct answers *c, const struct name *n, uint16_t type, uint64_t now_ms,
		 struct answer *a);
/* Keeps a copy, unless the reply says that it must not be kept. */
void answers_put(struct answers *c, const struct name *n, uint16_t type, uint64_t now_ms,
		 const struct reply *r);

#endif
