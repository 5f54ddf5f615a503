/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/guard.h"

#include <libpsl.h>
#include <math.h>
#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libcommon/buf.h"
#include "tools/pod-dns/message.h"

#define DOMAINS   1024
#define PROBE     8
#define WINDOW_MS 60000
#define SKETCH    2048 /* bits: enough to tell some hundred names apart */

const struct guard_limits guard_usual = {
	.queries = 1200,
	.names = 300,
	.nxdomains = 150,
	.odd_types = 120,
	.dense = 20,
	.label = 40,
	.entropy = 430,
};

/* One domain's minute.  Names are counted by a sketch: a bit for each hash, and the number of names
 * that leaves so many bits clear (linear counting). */
struct budget {
	uint64_t key; /* hash of the domain; 0: free */
	uint64_t since_ms;
	uint32_t queries, nxdomains, odd_types, dense, bits;
	uint8_t seen[SKETCH / 8];
};

struct guard {
	struct guard_limits limits;
	struct budget budget[DOMAINS];
	uint8_t secret[crypto_shorthash_KEYBYTES];
};

struct guard *guard_new(const struct guard_limits *limits)
{
	struct guard *g = xcalloc(1, sizeof(*g));

	g->limits = *limits;
	if (getrandom(g->secret, sizeof(g->secret), 0) != sizeof(g->secret))
		abort();
	return g;
}

void guard_warm(void)
{
	psl_is_public_suffix(psl_builtin(), "example.org");
}

void guard_free(struct guard *g)
{
	free(g);
}

void guard_domain(const struct name *n, struct name *domain)
{
	char text[NAME_TEXT_MAX];
	const char *own;
	unsigned labels = 1;
	size_t at = 0;

	name_text(n, text);
	own = psl_registrable_domain(psl_builtin(), text);
	for (const char *c = own; c && *c; c++)
		labels += *c == '.';
	/* A public suffix itself, or a name of one label: nobody's; counted as it is. */
	for (unsigned skip = own ? name_labels(n) - labels : 0; skip; skip--)
		at += 1u + n->wire[at];
	domain->len = (uint8_t)(n->len - at);
	memcpy(domain->wire, n->wire + at, domain->len);
}

static uint64_t hash(const struct guard *g, const struct name *n)
{
	uint8_t sum[crypto_shorthash_BYTES];
	uint64_t h;

	crypto_shorthash(sum, n->wire, n->len, g->secret);
	memcpy(&h, sum, sizeof(h));
	return h ? h : 1;
}

/* The domain's place: its own, a free one, one whose minute is over, else the one begun first. */
static struct budget *budget_of(struct guard *g, const struct name *domain, uint64_t now_ms)
{
	uint64_t key = hash(g, domain);
	struct budget *best = NULL;

	for (unsigned i = 0; i < PROBE; i++) {
		struct budget *b = &g->budget[(key + i) % DOMAINS];

		if (b->key == key) {
			best = b;
			break;
		}
		if (!best || b->since_ms < best->since_ms)
			best = b;
	}
	if (best->key != key || now_ms - best->since_ms >= WINDOW_MS)
		*best = (struct budget){.key = key, .since_ms = now_ms};
	return best;
}

uint32_t guard_entropy(const uint8_t *label, unsigned len)
{
	unsigned count[256] = {0};
	double bits = 0;

	for (unsigned i = 0; i < len; i++)
		count[label[i]]++;
	for (unsigned c = 0; c < 256; c++)
		if (count[c])
			bits -= (double)count[c] / len * log2((double)count[c] / len);
	return (uint32_t)(bits * 100);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/*
 * Does it look like coded data?  Words in a row have as much entropy as hexadecimal, but few
 * changes between letters and digits; more entropy than words ever have needs no other sign, and
 * bytes that no host name has are one by themselves.
 */
static bool is_coded(const struct guard *g, const uint8_t *label, unsigned len)
{
	uint32_t entropy;
	unsigned changes = 0;

	if (len < g->limits.label)
		return false;
	for (unsigned i = 0; i < len; i++) {
		if (label[i] >= 0x80 || label[i] <= ' ')
			return true;
		changes += i && is_digit(label[i]) != is_digit(label[i - 1]);
	}
	entropy = guard_entropy(label, len);
	return entropy >= g->limits.entropy ||
	       (entropy >= g->limits.entropy - 80 && changes * 6 >= len);
}

static bool is_dense(const struct guard *g, const struct name *n, const struct name *domain)
{
	for (size_t at = 0; at + domain->len < n->len; at += 1u + n->wire[at])
		if (is_coded(g, n->wire + at + 1, n->wire[at]))
			return true;
	return false;
}

static bool is_odd(uint16_t type)
{
	static const uint16_t usual[] = {TYPE_A,    TYPE_NS,    TYPE_CNAME, TYPE_SOA,
					 TYPE_PTR,  TYPE_AAAA,  15,         33,
					 TYPE_SVCB, TYPE_HTTPS, 43,         48};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i] == type)
			return false;
	return true;
}

static void see(struct budget *b, uint64_t h)
{
	unsigned bit = (unsigned)(h >> 32) % SKETCH;
	uint8_t mask = (uint8_t)(1 << bit % 8);

	b->bits += !(b->seen[bit / 8] & mask);
	b->seen[bit / 8] |= mask;
}

static double names_seen(const struct budget *b)
{
	return b->bits >= SKETCH ? 1e9 : -(double)SKETCH * log(1.0 - (double)b->bits / SKETCH);
}

const char *guard_ask(struct guard *g, const struct name *n, uint16_t type, uint64_t now_ms)
{
	struct name domain;
	struct budget *b;
	bool odd = is_odd(type), dense;

	guard_domain(n, &domain);
	dense = is_dense(g, n, &domain);
	b = budget_of(g, &domain, now_ms);
	b->queries++;
	b->odd_types += odd;
	b->dense += dense;
	see(b, hash(g, n));
	/* What carries much ends first; only too many of any kind end all of the domain's. */
	if (odd && b->odd_types > g->limits.odd_types)
		return "too many queries for types that carry data";
	if (dense && b->dense > g->limits.dense)
		return "too many names that look like coded data";
	if (b->queries > g->limits.queries)
		return "too many queries below one domain";
	if (b->nxdomains > g->limits.nxdomains)
		return "too many names that do not exist";
	if (names_seen(b) > g->limits.names)
		return "too many different names below one domain";
	return NULL;
}

void guard_missed(struct guard *g, const struct name *n, uint64_t now_ms)
{
	struct name domain;

	guard_domain(n, &domain);
	budget_of(g, &domain, now_ms)->nxdomains++;
}
