/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a pattern becomes instructions; repetitions are written out. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
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

static uint32_t set_number(struct program *p, const struct byteset *set)
{
	for (size_t i = 0; i < p->n_sets; i++)
		if (memcmp(&p->sets[i], set, sizeof(*set)) == 0)
			return (uint32_t)i;
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
		return emit(s, (struct inst){.op = OP_SPLIT,
					     .next = emit_node(s, n.a, next),
					     .other = emit_node(s, n.b, next)});
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
