/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/pins.h"

#include <errno.h>
#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libcommon/buf.h"
#include "tools/pod-dns/nft.h"

#define BUCKETS 2048
#define SECOND  UINT64_C(1000000000)

/* All pins of one address lie in one bucket: who else holds it is seen by walking that. */
struct pin {
	struct pin *next;
	struct in6_addr address;
	uint64_t until;
	struct rules_ports ports;
	char name[];
};

struct pins {
	struct pin *bucket[BUCKETS];
	size_t count;
	int nft;
	struct names *names;
	uint64_t pin_min; /* ns */
	uint64_t swept;   /* when */
	bool can_destroy; /* the kernel deletes elements that may be gone (6.3) */
	bool add_only;    /* it does not, and has lost one that we know */
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct nft_batch batch;
};

static const struct rules_ports usual = {{80, 443}};

static const struct rules_ports *real_ports(const struct rules_ports *p)
{
	return p->port[0] ? p : &usual;
}

static struct pin **bucket_of(struct pins *p, const struct in6_addr *a)
{
	uint8_t sum[crypto_shorthash_BYTES];
	uint32_t h;

	crypto_shorthash(sum, a->s6_addr, sizeof(a->s6_addr), p->key);
	memcpy(&h, sum, sizeof(h));
	return &p->bucket[h % BUCKETS];
}

static struct pin *find(struct pins *p, const char *name, const struct in6_addr *a)
{
	struct pin *pin = *bucket_of(p, a);

	while (pin && (memcmp(&pin->address, a, sizeof(*a)) != 0 || strcmp(pin->name, name) != 0))
		pin = pin->next;
	return pin;
}

static struct pin *insert(struct pins *p, const char *name, const struct in6_addr *a)
{
	size_t size = strlen(name) + 1;
	struct pin *pin = xcalloc(1, sizeof(*pin) + size), **at = bucket_of(p, a);

	memcpy(pin->name, name, size);
	pin->address = *a;
	pin->next = *at;
	*at = pin;
	p->count++;
	return pin;
}

static int batch_send(struct pins *p)
{
	int r = p->nft < 0 ? 0 : nft_send(p->nft, &p->batch);

	nft_begin(&p->batch);
	return r;
}

static void take_over(struct pins *p)
{
	struct names_row row;
	size_t at = 0;

	while (p->count < PINS_MAX && names_next(p->names, &at, &row)) {
		struct pin *pin;

		row.name[sizeof(row.name) - 1] = '\0';
		if (find(p, row.name, &row.address))
			continue;
		pin = insert(p, row.name, &row.address);
		pin->until = row.until;
		memcpy(pin->ports.port, row.port, sizeof(row.port));
	}
}

struct pins *pins_new(int nft, struct names *names, uint32_t pin_min)
{
	struct pins *p = xcalloc(1, sizeof(*p));

	if (getrandom(p->key, sizeof(p->key), 0) != sizeof(p->key))
		abort();
	p->nft = nft;
	p->names = names;
	p->pin_min = pin_min * SECOND;
	nft_begin(&p->batch);
	nft_delete(&p->batch, &(struct in6_addr){{{0}}}, 1, true);
	p->can_destroy = batch_send(p) == 0;
	if (names)
		take_over(p);
	return p;
}

void pins_free(struct pins *p)
{
	for (size_t i = 0; p && i < BUCKETS; i++) {
		struct pin *pin;

		while ((pin = p->bucket[i])) {
			p->bucket[i] = pin->next;
			free(pin);
		}
	}
	free(p);
}

size_t pins_count(const struct pins *p)
{
	return p->count;
}

void pins_sweep(struct pins *p, uint64_t now)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct pin **at = &p->bucket[i], *pin; (pin = *at);) {
			if (pin->until > now) {
				at = &pin->next;
				continue;
			}
			*at = pin->next;
			p->count--;
			free(pin);
		}
}

/* Until when (address, port) is held by any pin: now or earlier means that it is not. */
static uint64_t held_until(struct pins *p, const struct in6_addr *a, uint16_t port)
{
	uint64_t until = 0;

	for (const struct pin *pin = *bucket_of(p, a); pin; pin = pin->next) {
		const struct rules_ports *ports = real_ports(&pin->ports);

		if (pin->until <= until || memcmp(&pin->address, a, sizeof(*a)) != 0)
			continue;
		for (unsigned i = 0; i < NAMES_PORTS && ports->port[i]; i++)
			if (ports->port[i] == port)
				until = pin->until;
	}
	return until;
}

/* An element gets another end by being replaced within the batch, which packets see as one step.
 * A kernel that cannot delete what may be gone is not asked to when the end is near. */
static void batch_replace(struct pins *p, const struct in6_addr *a, uint16_t port, uint64_t held,
			  uint64_t until, uint64_t now)
{
	if (!p->add_only && held > now + (p->can_destroy ? 0 : 2 * SECOND))
		nft_delete(&p->batch, a, port, p->can_destroy);
	if (until > now)
		nft_add(&p->batch, a, port, (until - now) / 1000000 + 1);
}

static void batch_put(struct pins *p, const struct in6_addr *a, const struct rules_ports *ports,
		      uint64_t until, uint64_t now)
{
	for (unsigned i = 0; i < NAMES_PORTS && ports->port[i]; i++) {
		uint64_t held = held_until(p, a, ports->port[i]);

		if (held < until)
			batch_replace(p, a, ports->port[i], held, until, now);
	}
}

/* The elements of a pin that is unlinked already: what others hold for shorter keeps their end. */
static void batch_remove(struct pins *p, const struct pin *pin, uint64_t now)
{
	const struct rules_ports *ports = real_ports(&pin->ports);

	for (unsigned i = 0; i < NAMES_PORTS && ports->port[i]; i++) {
		uint64_t held = held_until(p, &pin->address, ports->port[i]);

		if (held < pin->until)
			batch_replace(p, &pin->address, ports->port[i], pin->until, held, now);
		/* One that is gone would take the whole batch along: each for itself, then. */
		if (!p->can_destroy)
			batch_send(p);
	}
}

/* Elements of a pin that ends now; its memory, too. */
static void end_pin(struct pins *p, struct pin *pin, uint64_t now)
{
	struct pin **at = bucket_of(p, &pin->address);

	while (*at != pin)
		at = &(*at)->next;
	*at = pin->next;
	p->count--;
	if (pin->until > now)
		batch_remove(p, pin, now);
	free(pin);
}

/* The pin of a name that ends first, and how many the name has. */
static struct pin *oldest_of(struct pins *p, const char *name, size_t *count)
{
	struct pin *oldest = NULL;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct pin *pin = p->bucket[i]; pin; pin = pin->next)
			if (strcmp(pin->name, name) == 0) {
				++*count;
				if (!oldest || pin->until < oldest->until)
					oldest = pin;
			}
	return oldest;
}

/* A name that goes round many addresses loses its oldest, and no other name anything. */
static int make_room(struct pins *p, const char *name, size_t coming, uint64_t now)
{
	while (p->count + coming > PINS_PER_NAME) {
		size_t count = coming;
		struct pin *oldest = oldest_of(p, name, &count);

		if (count <= PINS_PER_NAME || !oldest)
			break;
		end_pin(p, oldest, now);
	}
	/* A pod that keeps it full must not have us look for room at each of its questions. */
	if (p->count + coming > PINS_MAX && now >= p->swept + SECOND) {
		p->swept = now;
		pins_sweep(p, now);
	}
	return p->count + coming > PINS_MAX ? -ENOSPC : 0;
}

/* How long it must stand: as long as the record and at least pin_min. */
static uint64_t least_end(const struct pins *p, const struct reply_address *a, uint32_t age,
			  uint64_t now)
{
	uint64_t ttl = a->ttl > age ? (a->ttl - age) * SECOND : 0;

	return now + (ttl > p->pin_min ? ttl : p->pin_min);
}

static bool has_ports(const struct pin *pin, const struct pins_answer *w)
{
	return memcmp(&pin->ports, w->ports, sizeof(pin->ports)) == 0;
}

static bool is_good(struct pins *p, const struct pins_answer *w, size_t i, uint64_t now)
{
	const struct pin *pin = find(p, w->name, &w->v[i].address);

	return pin && has_ports(pin, w) && pin->until >= least_end(p, &w->v[i], w->age, now);
}

/* Another pod opens and closes ports while its name is known here. */
static void end_outdated(struct pins *p, const struct pins_answer *w, uint64_t now)
{
	for (size_t i = 0; i < w->n; i++) {
		struct pin *pin = find(p, w->name, &w->v[i].address);

		if (pin && !has_ports(pin, w))
			end_pin(p, pin, now);
	}
}

/* With something on top: an answer out of the cache then finds it good. */
static uint64_t new_end(const struct pins *p, const struct pins_answer *w, size_t i, uint64_t now)
{
	return least_end(p, &w->v[i], w->age, now) + p->pin_min / 4;
}

/* Whom each address is for.  Before it is opened: where there is no room for that, nothing opens.
 */
static int put_rows(struct pins *p, const struct pins_answer *w, uint64_t now)
{
	int r = 0;

	for (size_t i = 0; p->names && i < w->n && r == 0; i++) {
		struct names_row row = {.address = w->v[i].address, .until = new_end(p, w, i, now)};

		if (is_good(p, w, i, now))
			continue;
		if (strlen(w->name) >= sizeof(row.name))
			return -ENAMETOOLONG;
		memcpy(row.port, w->ports->port, sizeof(row.port));
		memcpy(row.name, w->name, strlen(w->name));
		r = names_put(p->names, &row);
	}
	return r;
}

/* The elements of all that are not good as they are. */
static int open_all(struct pins *p, const struct pins_answer *w, uint64_t now)
{
	for (size_t i = 0; i < w->n; i++)
		if (!is_good(p, w, i, now))
			batch_put(p, &w->v[i].address, real_ports(w->ports), new_end(p, w, i, now),
				  now);
	return batch_send(p);
}

int pins_add(struct pins *p, const struct pins_answer *w, uint64_t now)
{
	size_t n = 0;
	int r;

	if (p->nft < 0 && !p->names)
		return 0;
	while (n < w->n && is_good(p, w, n, now))
		n++;
	if (n == w->n)
		return 0;
	nft_begin(&p->batch);
	r = make_room(p, w->name, w->n, now);
	if (r == 0)
		r = put_rows(p, w, now);
	if (r == 0) {
		end_outdated(p, w, now);
		r = open_all(p, w, now);
	}
	if (r == -ENOENT && !p->can_destroy) { /* an element that we know is not there */
		p->add_only = true;
		r = open_all(p, w, now);
		p->add_only = false;
	}
	for (size_t i = 0; i < w->n && r == 0; i++) {
		struct pin *pin = find(p, w->name, &w->v[i].address);

		if (is_good(p, w, i, now))
			continue;
		if (!pin)
			pin = insert(p, w->name, &w->v[i].address);
		pin->until = new_end(p, w, i, now);
		pin->ports = *w->ports;
	}
	return r;
}

struct review {
	pins_judge allowed;
	void *arg;
};

static bool is_revoked(void *arg, const struct names_row *row)
{
	const struct review *v = arg;
	struct rules_ports ports = {{0}};

	return !v->allowed(v->arg, row->name, &ports) ||
	       memcmp(ports.port, row->port, sizeof(row->port)) != 0;
}

unsigned pins_review(struct pins *p, pins_judge allowed, void *arg, uint64_t now)
{
	struct review v = {allowed, arg};
	unsigned removed = 0;

	nft_begin(&p->batch);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct pin *pin = p->bucket[i], *next; pin; pin = next) {
			struct rules_ports ports = {{0}};

			next = pin->next;
			if (allowed(arg, pin->name, &ports) &&
			    memcmp(&ports, &pin->ports, sizeof(ports)) == 0)
				continue;
			end_pin(p, pin, now);
			removed++;
			if (p->batch.messages > 128)
				batch_send(p);
		}
	batch_send(p);
	/* First the pins, then the connections: the other way round one could slip in between. */
	if (p->names)
		names_revoke_if(p->names, is_revoked, &v);
	return removed;
}
