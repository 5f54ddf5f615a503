/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/answers.h"

#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libcommon/buf.h"

#define BUCKETS 4096

struct entry {
	struct entry *next;          /* in its bucket */
	struct entry *newer, *older; /* by use */
	uint64_t born_ms;
	struct answer answer; /* its parts are among the bytes */
	uint32_t size;
	uint16_t type;
	uint8_t name_len;
	_Alignas(8) uint8_t bytes[]; /* addresses, records, message, name */
};

struct answers {
	struct entry *bucket[BUCKETS];
	struct entry *newest, *oldest;
	size_t used, max, count;
	/* A pod chooses the names: it must not be able to fill one bucket. */
	uint8_t key[crypto_shorthash_KEYBYTES];
};

struct answer answer_of(const struct reply *r)
{
	return (struct answer){.data = r->data,
			       .records = r->records,
			       .addresses = r->addresses,
			       .len = r->len,
			       .n_records = r->n_records,
			       .n_answers = r->n_answers,
			       .n_addresses = r->n_addresses,
			       .rcode = r->rcode,
			       .is_filtered = r->is_filtered,
			       .ttl = r->ttl};
}

struct answers *answers_new(size_t max_bytes)
{
	struct answers *c = xcalloc(1, sizeof(*c));

	c->max = max_bytes;
	if (getrandom(c->key, sizeof(c->key), 0) != sizeof(c->key))
		abort();
	return c;
}

static struct entry **bucket_of(struct answers *c, const struct name *n, uint16_t type)
{
	uint8_t sum[crypto_shorthash_BYTES];
	uint32_t h;

	crypto_shorthash(sum, n->wire, n->len, c->key);
	memcpy(&h, sum, sizeof(h));
	return &c->bucket[(h ^ type * 2654435761u) % BUCKETS];
}

/* Behind the message. */
static const uint8_t *name_of(const struct entry *e)
{
	return e->answer.data + e->answer.len;
}

static bool is_of(const struct entry *e, const struct name *n, uint16_t type)
{
	return e->type == type && e->name_len == n->len && memcmp(name_of(e), n->wire, n->len) == 0;
}

static struct entry **find(struct answers *c, const struct name *n, uint16_t type)
{
	struct entry **at = bucket_of(c, n, type);

	while (*at && !is_of(*at, n, type))
		at = &(*at)->next;
	return at;
}

static void unlink_used(struct answers *c, struct entry *e)
{
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_newest(struct answers *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void drop(struct answers *c, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	unlink_used(c, e);
	c->used -= e->size;
	c->count--;
	free(e);
}

static void drop_oldest(struct answers *c)
{
	struct entry *e = c->oldest, **at;
	struct name n = {.len = e->name_len};

	memcpy(n.wire, name_of(e), n.len);
	for (at = bucket_of(c, &n, e->type); *at != e; at = &(*at)->next)
		;
	drop(c, at);
}

void answers_clear(struct answers *c)
{
	while (c->oldest)
		drop_oldest(c);
}

void answers_free(struct answers *c)
{
	if (c)
		answers_clear(c);
	free(c);
}

size_t answers_count(const struct answers *c)
{
	return c->count;
}

bool answers_get(struct answers *c, const struct name *n, uint16_t type, uint64_t now_ms,
		 struct answer *a)
{
	struct entry **at = find(c, n, type), *e = *at;
	uint64_t age;

	if (!e)
		return false;
	age = (now_ms - e->born_ms) / 1000;
	if (age >= e->answer.ttl) {
		drop(c, at);
		return false;
	}
	if (c->newest != e) {
		unlink_used(c, e);
		link_newest(c, e);
	}
	*a = e->answer;
	a->age = (uint32_t)age;
	return true;
}

/* Copies a part to where the next one goes. */
static void *put_part(uint8_t **to, const void *part, size_t size)
{
	uint8_t *at = *to;

	memcpy(at, part, size);
	*to += size;
	return at;
}

static struct entry *entry_of(const struct name *n, uint16_t type, const struct reply *r)
{
	struct answer a = answer_of(r);
	size_t addresses = a.n_addresses * sizeof(a.addresses[0]);
	size_t records = a.n_records * sizeof(a.records[0]);
	size_t size = sizeof(struct entry) + addresses + records + a.len + n->len;
	struct entry *e = xcalloc(1, size);
	uint8_t *to = e->bytes;

	a.addresses = put_part(&to, a.addresses, addresses);
	a.records = put_part(&to, a.records, records);
	a.data = put_part(&to, a.data, a.len);
	put_part(&to, n->wire, n->len);
	*e = (struct entry){.answer = a, .size = (uint32_t)size, .type = type, .name_len = n->len};
	return e;
}

void answers_put(struct answers *c, const struct name *n, uint16_t type, uint64_t now_ms,
		 const struct reply *r)
{
	struct entry **at = find(c, n, type), *e;

	if (*at)
		drop(c, at);
	if (r->ttl == 0)
		return;
	e = entry_of(n, type, r);
	if (e->size > c->max / 8) { /* one answer must not push out all others */
		free(e);
		return;
	}
	while (c->used + e->size > c->max)
		drop_oldest(c);
	e->born_ms = now_ms;
	at = bucket_of(c, n, type);
	e->next = *at;
	*at = e;
	link_newest(c, e);
	c->used += e->size;
	c->count++;
}
