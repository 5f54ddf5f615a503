/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a pattern becomes instructions; repetitions are written out. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-screen/tree.h"

#define LEET_BYTES "01345789@$"

static uint32_t emit(struct parse *s, struct inst inst)
{
	struct program *p = s->p;

	if (p->n >= PROGRAM_MAX) {
		parse_wrong(s, "the patterns are too large");
		return 0;
	}
	if ((p->n & (p->n - 1)) == 0)
		p->insts = xrealloc(p->insts, (p->n ? p->n * 2 : 1) * sizeof(*p->insts));
	p->insts[p->n] = inst;
	return (uint32_t)p->n++;
}

static uint32_t *place_of(struct program *p, const struct byteset *set)
{
	uint64_t h = 0;

	for (size_t i = 0; i < 4; i++)
		h = (h ^ set->bits[i]) * 0x9e3779b97f4a7c15u;
	return &p->recent[(h >> 32) % SET_HASH];
}

static uint32_t set_number(struct program *p, const struct byteset *set)
{
	uint32_t *recent = place_of(p, set);

	if (*recent && memcmp(&p->sets[*recent - 1], set, sizeof(*set)) == 0)
		return *recent - 1;
	for (size_t i = 0; i < p->n_sets; i++)
		if (memcmp(&p->sets[i], set, sizeof(*set)) == 0) {
			*recent = (uint32_t)i + 1;
			return (uint32_t)i;
		}
	*recent = (uint32_t)p->n_sets + 1;
	if ((p->n_sets & (p->n_sets - 1)) == 0)
		p->sets = xrealloc(p->sets, (p->n_sets ? p->n_sets * 2 : 1) * sizeof(*p->sets));
	p->sets[p->n_sets] = *set;
	return (uint32_t)p->n_sets++;
}

static uint32_t emit_node(struct parse *s, uint32_t at, uint32_t next);

/* Backwards, since each instruction names the one after it. */
static uint32_t emit_repeat(struct parse *s, const struct tree_node n, uint32_t next)
{
	uint32_t loop;

	/* What takes no byte is repeated by being there; written out, it would be nested for ever.
	 */
	if (s->nodes[n.a].reach == 0)
		return n.min ? emit_node(s, n.a, next) : next;
	if (n.max < 0) {
		loop = emit(s, (struct inst){.op = OP_SPLIT, .other = next});
		if (s->fault)
			return 0;
		next = emit_node(s, n.a, loop);
		s->p->insts[loop].next = next;
		next = loop;
	}
	for (int i = n.min; i < n.max && !s->fault; i++)
		next = emit(s, (struct inst){.op = OP_SPLIT,
					     .next = emit_node(s, n.a, next),
					     .other = next});
	for (int i = 0; i < n.min && !s->fault; i++)
		next = emit_node(s, n.a, next);
	return next;
}

/* --- alternatives: what begins alike is written once, as in a dictionary --- */

/* An alternative: its parts, one after the other. */
struct parts {
	uint32_t *v;
	size_t n;
};

struct choices {
	struct parts *v;
	size_t n;
};

static void choices_finish(struct choices *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].v);
	free(c->v);
}

static void add_parts(const struct parse *s, struct parts *p, uint32_t at)
{
	const struct tree_node *n = &s->nodes[at];

	if (n->kind == NODE_CAT) {
		add_parts(s, p, n->a);
		add_parts(s, p, n->b);
		return;
	}
	if (n->kind == NODE_EMPTY)
		return;
	if ((p->n & (p->n - 1)) == 0)
		p->v = xrealloc(p->v, (p->n ? p->n * 2 : 1) * sizeof(*p->v));
	p->v[p->n++] = at;
}

static void add_choices(const struct parse *s, struct choices *c, uint32_t at)
{
	const struct tree_node *n = &s->nodes[at];

	if (n->kind == NODE_ALT) {
		add_choices(s, c, n->a);
		add_choices(s, c, n->b);
		return;
	}
	if ((c->n & (c->n - 1)) == 0)
		c->v = xrealloc(c->v, (c->n ? c->n * 2 : 1) * sizeof(*c->v));
	c->v[c->n] = (struct parts){0};
	add_parts(s, &c->v[c->n++], at);
}

static uint32_t emit_parts(struct parse *s, const struct parts *p, size_t from, uint32_t next)
{
	for (size_t i = p->n; i-- > from;)
		next = emit_node(s, p->v[i], next);
	return next;
}

/* Does that alternative go on, at its part of that number, with the same bytes as the other? */
static bool is_alike(const struct parse *s, const struct parts *a, const struct parts *b,
		     size_t from)
{
	const struct tree_node *x, *y;

	if (a->n <= from || b->n <= from)
		return a->n == b->n;
	x = &s->nodes[a->v[from]];
	y = &s->nodes[b->v[from]];
	return x->kind == NODE_SET && y->kind == NODE_SET &&
	       memcmp(&x->set, &y->set, sizeof(x->set)) == 0;
}

static uint32_t emit_choices(struct parse *s, struct parts *list, size_t n, size_t from,
			     uint32_t next);

/* list[0..n) begin alike, or there is one. */
static uint32_t emit_group(struct parse *s, struct parts *list, size_t n, size_t from,
			   uint32_t next)
{
	if (list[0].n <= from)
		return next;
	if (n == 1)
		return emit_parts(s, list, from, next);
	return emit(s, (struct inst){.op = OP_SET,
				     .next = emit_choices(s, list, n, from + 1, next),
				     .set = set_number(s->p, &s->nodes[list[0].v[from]].set)});
}

/* Bring those together that begin alike, group by group. */
static uint32_t emit_choices(struct parse *s, struct parts *list, size_t n, size_t from,
			     uint32_t next)
{
	uint32_t all = NONE;

	for (size_t i = 0, end; i < n && !s->fault; i = end) {
		uint32_t branch;

		end = i + 1;
		for (size_t j = end; j < n; j++)
			if (is_alike(s, &list[i], &list[j], from)) {
				const struct parts swap = list[end];

				list[end++] = list[j];
				list[j] = swap;
			}
		branch = emit_group(s, list + i, end - i, from, next);
		all = all == NONE
			      ? branch
			      : emit(s,
				     (struct inst){.op = OP_SPLIT, .next = all, .other = branch});
	}
	return all;
}

static uint32_t emit_alternatives(struct parse *s, uint32_t at, uint32_t next)
{
	OWN(choices_finish) struct choices c = {0};

	add_choices(s, &c, at);
	return emit_choices(s, c.v, c.n, 0, next);
}

static uint32_t emit_node(struct parse *s, uint32_t at, uint32_t next)
{
	const struct tree_node n = s->nodes[at];

	if (s->fault)
		return 0;
	switch (n.kind) {
	case NODE_EMPTY:
		return next;
	case NODE_SET:
		return emit(
			s,
			(struct inst){.op = OP_SET, .next = next, .set = set_number(s->p, &n.set)});
	case NODE_CAT:
		return emit_node(s, n.a, emit_node(s, n.b, next));
	case NODE_ALT:
		return emit_alternatives(s, at, next);
	case NODE_REPEAT:
		return emit_repeat(s, n, next);
	case NODE_ASSERT:
		return emit(s, (struct inst){.op = n.op, .next = next});
	}
	return next;
}

static void keep(struct program *p, uint32_t start, uint32_t id, uint32_t reach)
{
	const size_t n = p->n_patterns + 1;

	p->starts = xrealloc(p->starts, n * sizeof(*p->starts));
	p->ids = xrealloc(p->ids, n * sizeof(*p->ids));
	p->reach = xrealloc(p->reach, n * sizeof(*p->reach));
	p->starts[n - 1] = start;
	p->ids[n - 1] = id;
	p->reach[n - 1] = reach;
	p->n_patterns = n;
}

void program_init(struct program *p, enum reading reading)
{
	*p = (struct program){.reading = reading};
	for (int c = 0; c < 256; c++)
		p->word[c] = isalnum(c) || c == '_' || c >= 0x80 ||
			     (reading >= READ_LEET && c && strchr(LEET_BYTES, c));
}

void program_finish(struct program *p)
{
	free(p->insts);
	free(p->sets);
	free(p->starts);
	free(p->ids);
	free(p->reach);
	*p = (struct program){0};
}

int program_add(struct program *p, const char *text, bool ignore_case, uint32_t id, size_t *at,
		struct err *e)
{
	struct parse s = {.p = p, .text = text, .len = strlen(text), .ignore_case = ignore_case};
	uint32_t root, match;

	if (s.len > PATTERN_MAX)
		parse_wrong(&s, "the pattern is too long");
	root = s.fault ? NONE : parse_pattern(&s);
	if (!s.fault) {
		match = emit(&s, (struct inst){.op = OP_MATCH, .next = (uint32_t)p->n_patterns});
		match = emit_node(&s, root, match);
		if (!s.fault)
			keep(p, match, id, s.nodes[root].reach);
	}
	free(s.nodes);
	*at = s.i < s.len ? s.i : s.len;
	return s.fault ? err_set(e, ERR_PLAIN, "pattern, at byte %zu: %s", *at + 1, s.fault) : 0;
}
