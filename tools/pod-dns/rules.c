/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/rules.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libcommon/buf.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

/* What stands at one name: of each kind the name itself, and what lies below it. */
enum { AT_SELF = 1, AT_BELOW = 2 };
#define BITS(kind, at) ((at) << (2 * (kind)))

struct slot {
	uint32_t name;        /* offset in the arena: length byte, wire */
	uint16_t bits;        /* BITS() */
	uint16_t target;      /* index + 1 of a remap */
	uint16_t self, below; /* index + 1 of ports; 0: the usual ones */
};

struct rules {
	enum rules_mode mode;
	bool is_suffix;
	uint32_t seed;
	struct slot *slots;
	uint32_t *table; /* index + 1 of a slot */
	uint8_t *arena;
	uint32_t n_slots, cap_slots, n_table, arena_len, arena_cap;
	struct rules_ports *ports;
	struct rules_target *targets;
	uint16_t n_ports, n_targets;
};

struct rules *rules_new(enum rules_mode mode, bool is_suffix)
{
	struct rules *r = xcalloc(1, sizeof(*r));

	r->mode = mode;
	r->is_suffix = is_suffix;
	/* A pod chooses the names that are looked up: it must not know where they fall. */
	if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
		r->seed = 0x9e3779b9u;
	return r;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	free(r->slots);
	free(r->table);
	free(r->arena);
	free(r->ports);
	free(r->targets);
	free(r);
}

enum rules_mode rules_mode(const struct rules *r)
{
	return r->mode;
}

size_t rules_count(const struct rules *r)
{
	return r->n_slots;
}

/* Hashes grow from the root's end, so that one pass over a name gives those of all its parents. */
static uint32_t hash_label(uint32_t h, const uint8_t *label)
{
	for (unsigned i = 0; i <= label[0]; i++)
		h = (h ^ label[i]) * 16777619u;
	return h ^ h >> 15;
}

/* Where each label of n begins, the first one first; their number. */
static unsigned labels_of(const struct name *n, uint8_t at[128])
{
	unsigned count = 0;

	for (unsigned p = 0; n->wire[p]; p += 1u + n->wire[p])
		at[count++] = (uint8_t)p;
	return count;
}

static const struct slot *find(const struct rules *r, uint32_t hash, const uint8_t *wire,
			       size_t len)
{
	uint32_t mask = r->n_table - 1;

	if (r->n_table == 0)
		return NULL;
	for (uint32_t i = hash & mask; r->table[i]; i = (i + 1) & mask) {
		const struct slot *s = &r->slots[r->table[i] - 1];
		const uint8_t *name = r->arena + s->name;

		if (name[0] == len && memcmp(name + 1, wire, len) == 0)
			return s;
	}
	return NULL;
}

static uint32_t hash_name(const struct rules *r, const struct name *n)
{
	uint8_t at[128];
	uint32_t h = r->seed;

	for (unsigned i = labels_of(n, at); i--;)
		h = hash_label(h, n->wire + at[i]);
	return h;
}

static void place(struct rules *r, uint32_t hash, uint32_t index)
{
	uint32_t mask = r->n_table - 1, i = hash & mask;

	while (r->table[i])
		i = (i + 1) & mask;
	r->table[i] = index + 1;
}

static void grow_table(struct rules *r)
{
	r->n_table = r->n_table ? r->n_table * 2 : 64;
	free(r->table);
	r->table = xcalloc(r->n_table, sizeof(*r->table));
	for (uint32_t i = 0; i < r->n_slots; i++) {
		const uint8_t *name = r->arena + r->slots[i].name;
		struct name n = {.len = name[0]};

		memcpy(n.wire, name + 1, n.len);
		place(r, hash_name(r, &n), i);
	}
}

static uint32_t keep_name(struct rules *r, const struct name *n)
{
	uint32_t at = r->arena_len;

	if (r->arena_cap - r->arena_len < n->len + 1u) {
		r->arena_cap = r->arena_cap ? r->arena_cap + r->arena_cap / 2 : 4096;
		r->arena = xrealloc(r->arena, r->arena_cap);
	}
	memcpy(r->arena + at, &n->len, 1);
	memcpy(r->arena + at + 1, n->wire, n->len);
	r->arena_len += n->len + 1u;
	return at;
}

static struct slot *slot_of(struct rules *r, const struct name *n, bool make)
{
	uint32_t hash = hash_name(r, n);
	struct slot *s = (struct slot *)find(r, hash, n->wire, n->len);

	if (s || !make)
		return s;
	if (r->n_slots * 2 >= r->n_table)
		grow_table(r);
	if (r->n_slots == r->cap_slots) {
		r->cap_slots = r->cap_slots ? r->cap_slots + r->cap_slots / 2 : 64;
		r->slots = xrealloc(r->slots, r->cap_slots * sizeof(*r->slots));
	}
	s = &r->slots[r->n_slots];
	*s = (struct slot){.name = keep_name(r, n)};
	place(r, hash, r->n_slots++);
	return s;
}

/* Ports, each list kept once; 0 for the usual ones. */
static uint16_t ports_of(struct rules *r, const struct rules_ports *p)
{
	if (p->port[0] == 0)
		return 0;
	for (uint16_t i = 0; i < r->n_ports; i++)
		if (memcmp(&r->ports[i], p, sizeof(*p)) == 0)
			return (uint16_t)(i + 1);
	if (r->n_ports == UINT16_MAX - 1)
		return 0;
	r->ports = xrealloc(r->ports, (r->n_ports + 1u) * sizeof(*p));
	r->ports[r->n_ports] = *p;
	return ++r->n_ports;
}

struct pattern {
	unsigned at; /* AT_SELF, AT_BELOW */
	struct name name;
	struct rules_ports ports;
};

static int parse_ports(const char *text, struct rules_ports *ports)
{
	for (unsigned n = 0;; n++) {
		size_t len = strcspn(text, ",");
		char digits[8];
		uint64_t port;

		if (n == NAMES_PORTS || len >= sizeof(digits))
			return -EINVAL;
		snprintf(digits, sizeof(digits), "%.*s", (int)len, text);
		if (unit_u64(digits, 65535, &port) < 0 || port == 0)
			return -EINVAL;
		ports->port[n] = (uint16_t)port;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int parse_pattern(const struct rules *r, const char *text, struct pattern *p, struct err *e)
{
	const char *name = text, *colon = strchr(text, ':');

	*p = (struct pattern){.at = AT_SELF};
	if (strncmp(text, "**.", 3) == 0) {
		name += 3;
		p->at = AT_SELF | AT_BELOW;
	} else if (strncmp(text, "*.", 2) == 0) {
		name += 2;
		p->at = AT_BELOW;
	}
	if (r->is_suffix)
		p->at = AT_SELF | AT_BELOW;
	if (name_from_text(&p->name, name, colon ? (size_t)(colon - name) : strlen(name)) < 0 ||
	    p->name.len == 1 || memchr(p->name.wire, '*', p->name.len))
		return err_status(e, 78, ERR_PLAIN, "'%.300s' is no name, *.name or **.name",
				  esc(text));
	name_lower(&p->name);
	if (colon && parse_ports(colon + 1, &p->ports) < 0)
		return err_status(e, 78, ERR_PLAIN,
				  "'%.300s': after the colon stand up to %d ports from 1 to 65535, "
				  "with commas between them",
				  esc(text), NAMES_PORTS);
	return 0;
}

int rules_add(struct rules *r, enum rule_kind kind, const char *pattern, struct err *e)
{
	struct pattern p;
	struct slot *s;
	uint16_t ports;

	if (parse_pattern(r, pattern, &p, e) < 0)
		return -EINVAL;
	s = slot_of(r, &p.name, true);
	s->bits |= (uint16_t)BITS(kind, p.at);
	if (kind != RULE_ALLOW)
		return 0;
	ports = ports_of(r, &p.ports);
	if (p.at & AT_SELF)
		s->self = ports;
	if (p.at & AT_BELOW)
		s->below = ports;
	return 0;
}

int rules_remap(struct rules *r, const char *pattern, const char *target, struct err *e)
{
	struct rules_target t = {0};
	struct pattern p;
	struct slot *s;

	if (parse_pattern(r, pattern, &p, e) < 0)
		return -EINVAL;
	if (address_parse(target, &t.address) < 0) {
		t.is_name = true;
		if (name_from_text(&t.name, target, strlen(target)) < 0 || t.name.len == 1)
			return err_status(e, 78, ERR_PLAIN,
					  "remap %.200s: '%.200s' is neither an "
					  "address nor a name",
					  esc(pattern), esc(target));
		name_lower(&t.name);
	}
	if (r->n_targets == UINT16_MAX - 1)
		return err_status(e, 78, ERR_PLAIN, "more than %d remaps", UINT16_MAX - 1);
	r->targets = xrealloc(r->targets, (r->n_targets + 1u) * sizeof(t));
	r->targets[r->n_targets++] = t;
	s = slot_of(r, &p.name, true);
	s->bits |= (uint16_t)BITS(RULE_REMAP, p.at);
	s->target = r->n_targets;
	return 0;
}

int rules_drop(struct rules *r, enum rule_kind kind, const char *pattern, struct err *e)
{
	struct pattern p;
	struct slot *s;

	if (parse_pattern(r, pattern, &p, e) < 0)
		return -EINVAL;
	s = slot_of(r, &p.name, false);
	if (s)
		s->bits &= (uint16_t)~BITS(kind, p.at);
	return 0;
}

/* The nearest rule of a kind met on the way from the root to the name. */
struct hit {
	const struct slot *slot;
	unsigned at;
};

static void meet(struct hit hits[3], const struct slot *s, unsigned at)
{
	for (unsigned kind = RULE_ALLOW; kind <= RULE_REMAP; kind++)
		if (s->bits & BITS(kind, at))
			hits[kind] = (struct hit){s, at};
}

static void explain(const struct rules *r, struct verdict *v, enum rule_kind kind,
		    const struct hit *h)
{
	const uint8_t *name = r->arena + h->slot->name;
	unsigned bits = h->slot->bits >> (2 * kind) & 3;

	v->kind = kind;
	v->prefix = bits == (AT_SELF | AT_BELOW) ? "**." : bits == AT_BELOW ? "*." : "";
	v->rule.len = name[0];
	memcpy(v->rule.wire, name + 1, name[0]);
}

static void decide(const struct rules *r, const struct hit hits[3], struct verdict *v)
{
	const struct hit *allow = &hits[RULE_ALLOW];

	v->decision = r->mode == MODE_ALLOWLIST ? DECISION_DENY : DECISION_ALLOW;
	if (allow->slot) {
		uint16_t ports = allow->at == AT_SELF ? allow->slot->self : allow->slot->below;

		v->decision = DECISION_ALLOW;
		explain(r, v, RULE_ALLOW, allow);
		if (ports)
			v->ports = r->ports[ports - 1];
	}
	if (hits[RULE_REMAP].slot) {
		v->decision = DECISION_REMAP;
		explain(r, v, RULE_REMAP, &hits[RULE_REMAP]);
		v->target = &r->targets[hits[RULE_REMAP].slot->target - 1];
	}
	if (hits[RULE_DENY].slot) {
		v->decision = DECISION_DENY;
		explain(r, v, RULE_DENY, &hits[RULE_DENY]);
	}
}

void rules_judge(const struct rules *r, const struct name *name, struct verdict *v)
{
	struct name n = *name;
	struct hit hits[3] = {{0}};
	uint32_t h = r->seed;
	uint8_t at[128];
	unsigned i;

	*v = (struct verdict){0};
	name_lower(&n);
	for (i = labels_of(&n, at); i--;) {
		const struct slot *s;

		h = hash_label(h, n.wire + at[i]);
		s = find(r, h, n.wire + at[i], n.len - at[i]);
		if (s)
			meet(hits, s, i == 0 ? AT_SELF : AT_BELOW);
	}
	decide(r, hits, v);
}

const char *verdict_text(const struct rules *r, const struct verdict *v, char out[RULES_TEXT_MAX])
{
	static const char *const kinds[] = {"allow", "deny", "remap"};
	static const char *const modes[] = {"allowlist", "denylist", "monitor"};
	char name[NAME_TEXT_MAX];

	if (v->prefix)
		snprintf(out, RULES_TEXT_MAX, "%s %s%s", kinds[v->kind], v->prefix,
			 name_text(&v->rule, name));
	else
		snprintf(out, RULES_TEXT_MAX, "mode %s", modes[r->mode]);
	return out;
}
