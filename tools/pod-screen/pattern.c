/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern becomes a tree. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-screen/fold.h"
#include "tools/pod-screen/tree.h"

#define REPEAT_MAX 1000
#define NODES_MAX  20000u

static uint32_t parse_alternatives(struct parse *s);

static void set_add(struct byteset *s, unsigned char c)
{
	s->bits[c >> 6] |= (uint64_t)1 << (c & 63);
}

static void set_range(struct byteset *s, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		set_add(s, (unsigned char)c);
}

uint32_t parse_wrong(struct parse *s, const char *fault)
{
	if (!s->fault)
		s->fault = fault;
	return NONE;
}

static uint32_t capped(uint64_t n)
{
	return n > REACH_MAX ? REACH_MAX : (uint32_t)n;
}

/* How long a match may be, and whether there may be none, follows from the children. */
static void measure(const struct parse *s, struct tree_node *n)
{
	const struct tree_node *a = &s->nodes[n->a], *b = &s->nodes[n->b];

	switch (n->kind) {
	case NODE_SET:
		n->reach = 1;
		return;
	case NODE_CAT:
		n->reach = capped((uint64_t)a->reach + b->reach);
		n->is_nullable = a->is_nullable && b->is_nullable;
		return;
	case NODE_ALT:
		n->reach = a->reach > b->reach ? a->reach : b->reach;
		n->is_nullable = a->is_nullable || b->is_nullable;
		return;
	case NODE_REPEAT:
		n->reach = n->max < 0 ? (a->reach ? REACH_MAX : 0)
				      : capped((uint64_t)a->reach * (unsigned)n->max);
		n->is_nullable = n->min == 0 || a->is_nullable;
		return;
	default:
		n->is_nullable = true;
	}
}

static uint32_t node(struct parse *s, struct tree_node n)
{
	if (s->fault || s->n >= NODES_MAX)
		return parse_wrong(s, "the pattern is too large");
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->nodes = xrealloc(s->nodes, s->cap * sizeof(*s->nodes));
	}
	measure(s, &n);
	s->nodes[s->n] = n;
	return (uint32_t)s->n++;
}

static uint32_t cat(struct parse *s, uint32_t a, uint32_t b)
{
	return a == NONE ? b : node(s, (struct tree_node){.kind = NODE_CAT, .a = a, .b = b});
}

static uint32_t either(struct parse *s, uint32_t a, uint32_t b)
{
	return a == NONE ? b : node(s, (struct tree_node){.kind = NODE_ALT, .a = a, .b = b});
}

static uint32_t set_node(struct parse *s, const struct byteset *set)
{
	return node(s, (struct tree_node){.kind = NODE_SET, .set = *set});
}

static uint32_t maybe(struct parse *s, uint32_t a)
{
	return node(s, (struct tree_node){.kind = NODE_REPEAT, .a = a, .min = 0, .max = 1});
}

/* --- single characters --- */

static const char *stand_ins(unsigned char c)
{
	static const char *const table[256] = {
		['a'] = "4@", ['b'] = "8", ['e'] = "3",  ['g'] = "9", ['i'] = "1",
		['l'] = "1",  ['o'] = "0", ['s'] = "5$", ['t'] = "7",
	};

	return table[c];
}

/* A byte of what the texts hold, as the set of bytes that stand for it. */
static void byte_set(const struct parse *s, unsigned char c, struct byteset *set)
{
	const enum reading reading = s->p->reading;
	const char *others = reading >= READ_LEET ? stand_ins(c) : NULL;

	set_add(set, c);
	if (reading != READ_RAW && c == ' ')
		set_add(set, '\n');
	if (reading == READ_RAW && s->ignore_case && isalpha(c))
		set_add(set, c ^ 0x20);
	for (; others && *others; others++)
		set_add(set, (unsigned char)*others);
}

static uint32_t bytes_node(struct parse *s, const char *bytes, size_t len)
{
	uint32_t all = NONE;

	for (size_t i = 0; i < len; i++) {
		struct byteset set = {0};
		uint32_t one;

		byte_set(s, (unsigned char)bytes[i], &set);
		one = set_node(s, &set);
		if (bytes[i] == ' ' && s->p->reading == READ_SQUEEZED)
			one = maybe(s, one);
		all = cat(s, all, one);
	}
	return all == NONE ? node(s, (struct tree_node){.kind = NODE_EMPTY}) : all;
}

/* The character at i, one byte or several, as fold() would have it. */
static uint32_t char_node(struct parse *s, size_t len)
{
	char folded[FOLD_CHAR_MAX];
	const char *bytes = s->text + s->i;
	size_t n = len;

	if (s->p->reading != READ_RAW) {
		n = fold_char(bytes, len, folded);
		bytes = folded;
	}
	s->i += len;
	return bytes_node(s, bytes, n);
}

static size_t char_len(const struct parse *s)
{
	unsigned char c = (unsigned char)s->text[s->i];
	size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return len > s->len - s->i ? s->len - s->i : len;
}

/* --- classes --- */

static bool named_set(char c, struct byteset *set)
{
	switch (c) {
	case 'd':
		set_range(set, '0', '9');
		return true;
	case 'w':
		set_range(set, '0', '9');
		set_range(set, 'a', 'z');
		set_range(set, 'A', 'Z');
		set_add(set, '_');
		set_range(set, 0x80, 0xff);
		return true;
	case 's':
		set_range(set, '\t', '\r');
		set_add(set, ' ');
		return true;
	default:
		return false;
	}
}

/*
 * Bytes beyond ASCII count one by one: a class is one instruction, and no text has half a letter.
 * What parts things that have nothing to do with each other is in no inverted class.
 */
static void invert(struct byteset *s)
{
	for (int i = 0; i < 4; i++)
		s->bits[i] = ~s->bits[i];
	s->bits[0] &= ~((uint64_t)1 << PIECE_APART);
}

static int escaped_byte(char c)
{
	static const char from[] = "nrtfv0", to[] = "\n\r\t\f\v\0";
	const char *at = strchr(from, c);

	if (at && c)
		return (unsigned char)to[at - from];
	return ispunct((unsigned char)c) || c == ' ' ? (unsigned char)c : -1;
}

/* What stands behind a backslash, at i: "\\xHH" is any byte.  -1 with a fault. */
static int escaped(struct parse *s)
{
	char hex[3] = {0};
	int c;

	if (s->len - s->i >= 3 && s->text[s->i] == 'x' &&
	    isxdigit((unsigned char)s->text[s->i + 1]) &&
	    isxdigit((unsigned char)s->text[s->i + 2])) {
		memcpy(hex, s->text + s->i + 1, 2);
		s->i += 3;
		return (int)strtol(hex, NULL, 16);
	}
	c = s->i < s->len ? escaped_byte(s->text[s->i++]) : -1;
	if (c < 0)
		parse_wrong(s, "an escape that is none");
	return c;
}

/* The next ASCII character, or escaped byte, of a class; -1 with a fault. */
static int class_byte(struct parse *s)
{
	const int c = (unsigned char)s->text[s->i++];

	if (c == '\\')
		return escaped(s);
	if (c >= 0x80)
		parse_wrong(s, "a range that is none (only ASCII has ranges)");
	return c;
}

static void class_range(struct parse *s, struct byteset *set)
{
	int from = class_byte(s), to = from;

	if (s->i + 1 < s->len && s->text[s->i] == '-' && s->text[s->i + 1] != ']') {
		s->i++;
		to = class_byte(s);
	}
	if (s->fault)
		return;
	if (to < from) {
		parse_wrong(s, "a range that is none");
		return;
	}
	for (int c = from; c <= to; c++)
		byte_set(s, (unsigned char)(s->p->reading == READ_RAW ? c : tolower(c)), set);
}

/* One member of a class: into set, or, where it is not ASCII, one more alternative. */
static void class_member(struct parse *s, struct byteset *set, uint32_t *wide)
{
	if ((unsigned char)s->text[s->i] >= 0x80) {
		s->is_foreign = true;
		*wide = either(s, *wide, char_node(s, char_len(s)));
	} else if (s->text[s->i] == '\\' && s->i + 1 < s->len &&
		   named_set(s->text[s->i + 1], set)) {
		s->i += 2;
	} else {
		class_range(s, set);
	}
}

static uint32_t parse_class(struct parse *s)
{
	bool inverted = s->i < s->len && s->text[s->i] == '^';
	struct byteset set = {0};
	uint32_t wide = NONE;
	size_t first;

	s->i += inverted;
	s->is_foreign = false;
	for (first = s->i; s->i < s->len && (s->text[s->i] != ']' || s->i == first) && !s->fault;)
		class_member(s, &set, &wide);
	if (s->i >= s->len)
		return parse_wrong(s, "a class without its ]");
	s->i++;
	if (inverted && s->is_foreign)
		return parse_wrong(s, "an inverted class is of ASCII alone");
	if (inverted)
		invert(&set);
	wide = either(s, wide, set_node(s, &set));
	/* Letters that stood apart stand without blanks now. */
	if (!inverted && s->p->reading == READ_SQUEEZED && set_has(&set, ' '))
		wide = maybe(s, wide);
	return wide;
}

/* --- atoms --- */

static uint32_t assertion(struct parse *s, enum op op)
{
	if (s->p->reading == READ_SQUEEZED && (op == OP_WORD || op == OP_INSIDE))
		return node(s, (struct tree_node){.kind = NODE_EMPTY});
	return node(s, (struct tree_node){.kind = NODE_ASSERT, .op = op});
}

static uint32_t parse_escape(struct parse *s)
{
	struct byteset set = {0};
	char c = s->i < s->len ? s->text[s->i] : 0;
	int byte;

	if (c == 'x' || ispunct((unsigned char)c)) {
		byte = escaped(s);
		return s->fault ? NONE : bytes_node(s, &(char){(char)byte}, 1);
	}
	s->i++;
	if (c == 'b' || c == 'B')
		return assertion(s, c == 'b' ? OP_WORD : OP_INSIDE);
	if (named_set(c, &set))
		return set_node(s, &set);
	if (strchr("DWS", c) && c) {
		named_set((char)tolower(c), &set);
		invert(&set);
		return set_node(s, &set);
	}
	byte = escaped_byte(c);
	if (byte < 0)
		return parse_wrong(s, "an escape that is none");
	return bytes_node(s, &(char){(char)byte}, 1);
}

static uint32_t parse_group(struct parse *s)
{
	uint32_t inner;

	if (s->len - s->i >= 2 && strncmp(s->text + s->i, "?:", 2) == 0)
		s->i += 2;
	else if (s->i < s->len && s->text[s->i] == '?')
		return parse_wrong(s, "a group of a kind that is not known (only (?:…) is)");
	if (++s->depth > PATTERN_DEPTH)
		return parse_wrong(s, "groups too deep");
	inner = parse_alternatives(s);
	s->depth--;
	if (s->i >= s->len || s->text[s->i] != ')')
		return parse_wrong(s, "a group without its )");
	s->i++;
	return inner;
}

static uint32_t any_char(struct parse *s)
{
	struct byteset set = {0};

	set_add(&set, '\n');
	invert(&set);
	return set_node(s, &set);
}

static uint32_t parse_atom(struct parse *s)
{
	char c = s->text[s->i];

	if (strchr("*+?{", c) && c)
		return parse_wrong(s, "nothing that could be repeated");
	if (strchr("([.^$\\", c) && c)
		s->i++;
	switch (c) {
	case '(':
		return parse_group(s);
	case '[':
		return parse_class(s);
	case '.':
		return any_char(s);
	case '^':
		return assertion(s, OP_BEGIN);
	case '$':
		return assertion(s, OP_END);
	case '\\':
		return parse_escape(s);
	default:
		return char_node(s, char_len(s));
	}
}

/* --- repetition --- */

static int number(struct parse *s)
{
	int n = -1;

	for (; s->i < s->len && isdigit((unsigned char)s->text[s->i]) && n <= REPEAT_MAX; s->i++)
		n = (n < 0 ? 0 : n * 10) + s->text[s->i] - '0';
	return n;
}

static void braces(struct parse *s, int *min, int *max)
{
	s->i++;
	*min = *max = number(s);
	if (s->i < s->len && s->text[s->i] == ',') {
		s->i++;
		*max = number(s);
	}
	if (s->i >= s->len || s->text[s->i] != '}' || *min < 0 || *min > REPEAT_MAX ||
	    *max > REPEAT_MAX || (*max >= 0 && *max < *min))
		parse_wrong(s, "a repetition that is none ({MIN,MAX}, at most 1000)");
	s->i++;
}

static uint32_t parse_repeat(struct parse *s)
{
	uint32_t atom = parse_atom(s);
	int min, max;

	if (s->fault || s->i >= s->len || !strchr("*+?{", s->text[s->i]))
		return atom;
	switch (s->text[s->i]) {
	case '{':
		braces(s, &min, &max);
		break;
	default:
		min = s->text[s->i] == '+';
		max = s->text[s->i] == '?' ? 1 : -1;
		s->i++;
	}
	if (s->i < s->len && strchr("*+?{", s->text[s->i]))
		return parse_wrong(s, "a repetition of a repetition");
	return node(s, (struct tree_node){.kind = NODE_REPEAT, .a = atom, .min = min, .max = max});
}

static uint32_t parse_sequence(struct parse *s)
{
	uint32_t all = NONE;

	while (s->i < s->len && s->text[s->i] != '|' && s->text[s->i] != ')' && !s->fault)
		all = cat(s, all, parse_repeat(s));
	return all == NONE ? node(s, (struct tree_node){.kind = NODE_EMPTY}) : all;
}

static uint32_t parse_alternatives(struct parse *s)
{
	uint32_t all = parse_sequence(s);

	while (s->i < s->len && s->text[s->i] == '|' && !s->fault) {
		s->i++;
		all = either(s, all, parse_sequence(s));
	}
	return all;
}

uint32_t parse_pattern(struct parse *s)
{
	const uint32_t root = parse_alternatives(s);

	if (!s->fault && s->i < s->len)
		parse_wrong(s, "a ) without its group");
	if (!s->fault && s->nodes[root].is_nullable)
		parse_wrong(s, "it would match nothing at all, and so everywhere");
	return root;
}
