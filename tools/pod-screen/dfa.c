/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state is a set of instructions, and what the byte before was.  Whether a word or a line begins
 * or ends is known once the next byte is: assertions wait in the state until then, and so do
 * matches, which a state tells of the place before the byte that led to it.
 */
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-screen/dfa.h"

#define TABLE_SIZE 65536u /* more than twice DFA_STATES, a power of two */

enum { AFTER_WORD = 1, AFTER_LINE = 2 };

struct dfa_state {
	uint32_t flags, n_insts, n_found;
	uint32_t words[]; /* instructions, then patterns */
};

/* --- classes of bytes --- */

/* Split the classes by one more set: bytes on both sides of it are told apart from then on. */
static void split_classes(struct dfa *d, const struct byteset *set)
{
	int16_t to[2][256];

	memset(to, -1, sizeof(to));
	d->classes = 0;
	for (int c = 0; c < 256; c++) {
		int16_t *slot = &to[set_has(set, (unsigned char)c)][d->class_of[c]];

		if (*slot < 0)
			*slot = (int16_t)d->classes++;
		d->class_of[c] = (uint8_t)*slot;
	}
}

static void find_classes(struct dfa *d)
{
	struct byteset words = {0}, lines = {.bits = {(uint64_t)1 << '\n'}};

	for (int c = 0; c < 256; c++)
		if (d->p->word[c])
			words.bits[c >> 6] |= (uint64_t)1 << (c & 63);
	split_classes(d, &words);
	split_classes(d, &lines);
	for (size_t i = 0; i < d->p->n_sets; i++)
		split_classes(d, &d->p->sets[i]);
	for (int c = 255; c >= 0; c--)
		d->sample[d->class_of[c]] = (unsigned char)c;
}

/* --- sets of instructions --- */

/* Emptied and asked in no time: what stands in from[] counts only if dense[] says the same. */
static bool set_add(struct dfa_set *s, uint32_t i)
{
	if (s->from[i] < s->n && s->dense[s->from[i]] == i)
		return false;
	s->from[i] = s->n;
	s->dense[s->n++] = i;
	return true;
}

/* Add what is reached from inst without a byte and without an assertion. */
static void reach(struct dfa *d, struct dfa_set *set, uint32_t inst)
{
	size_t n = 0;

	d->stack[n++] = inst;
	while (n) {
		const uint32_t i = d->stack[--n];
		const struct inst *in = &d->p->insts[i];

		if (!set_add(set, i) || (in->op != OP_SPLIT && in->op != OP_JUMP))
			continue;
		if (in->op == OP_SPLIT)
			d->stack[n++] = in->other;
		d->stack[n++] = in->next;
	}
}

static bool holds(enum op op, bool word_before, bool word_next, bool line_before, bool line_next)
{
	switch (op) {
	case OP_WORD:
		return word_before != word_next;
	case OP_INSIDE:
		return word_before == word_next;
	case OP_BEGIN:
		return line_before;
	case OP_END:
		return line_next;
	default:
		return false;
	}
}

/* Pass the assertions of core that hold between what was and the next byte (-1: the end). */
static void pass(struct dfa *d, uint32_t flags, int next)
{
	const bool word = next >= 0 && d->p->word[next], line = next < 0 || next == '\n';

	for (uint32_t k = 0; k < d->core.n; k++) {
		const struct inst *in = &d->p->insts[d->core.dense[k]];

		if (in->op >= OP_WORD && in->op <= OP_END &&
		    holds(in->op, flags & AFTER_WORD, word, flags & AFTER_LINE, line))
			reach(d, &d->core, in->next);
	}
}

/* Take the byte: from core to set; patterns that end before it to found. */
static void take(struct dfa *d, int c)
{
	d->set.n = d->n_found = 0;
	for (uint32_t k = 0; k < d->core.n; k++) {
		const struct inst *in = &d->p->insts[d->core.dense[k]];

		if (in->op == OP_MATCH)
			d->found[d->n_found++] = in->next;
		else if (in->op == OP_SET && c >= 0 &&
			 set_has(&d->p->sets[in->set], (unsigned char)c))
			reach(d, &d->set, in->next);
	}
}

/* What a match leads to that begins here, by that byte: the same each time, and so kept. */
static const struct dfa_list *fresh(struct dfa *d, uint32_t flags, unsigned class, int c)
{
	struct dfa_list *l = &d->fresh[flags * (d->classes + 1) + class];

	if (l->is_known)
		return l;
	d->core.n = 0;
	for (uint32_t k = 0; k < d->begin.n; k++)
		set_add(&d->core, d->begin.dense[k]);
	pass(d, flags, c);
	take(d, c);
	l->v = xcalloc(d->set.n + 1, sizeof(*l->v));
	l->n = d->set.n;
	memcpy(l->v, d->set.dense, l->n * sizeof(*l->v));
	l->is_known = true;
	return l;
}

/* --- states --- */

static uint32_t hash(const struct dfa_state *s)
{
	uint32_t h = 2166136261u ^ s->flags ^ s->n_found << 8;

	for (uint32_t i = 0; i < s->n_insts + s->n_found; i++)
		h = (h ^ s->words[i]) * 16777619u;
	return h ^ h >> 15;
}

static bool is_same(const struct dfa_state *a, const struct dfa_state *b)
{
	return a->flags == b->flags && a->n_insts == b->n_insts && a->n_found == b->n_found &&
	       memcmp(a->words, b->words, (a->n_insts + a->n_found) * sizeof(a->words[0])) == 0;
}

static size_t state_bytes(const struct dfa *d, const struct dfa_state *s)
{
	return sizeof(*s) + (s->n_insts + s->n_found) * sizeof(s->words[0]) +
	       (d->classes + 1) * sizeof(*d->next);
}

static void forget(struct dfa *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		free(d->states[i]);
	memset(d->table, 0xff, TABLE_SIZE * sizeof(*d->table));
	d->n = 0;
	d->bytes = 0;
}

/* The number of that state, which is taken over. */
static uint32_t intern(struct dfa *d, struct dfa_state *s)
{
	uint32_t slot = hash(s) & (TABLE_SIZE - 1);

	for (; d->table[slot] != UINT32_MAX; slot = (slot + 1) & (TABLE_SIZE - 1))
		if (is_same(d->states[d->table[slot]], s)) {
			free(s);
			return d->table[slot];
		}
	if (d->n >= DFA_STATES || d->bytes + state_bytes(d, s) > DFA_BYTES) {
		forget(d);
		d->flushes++;
		slot = hash(s) & (TABLE_SIZE - 1);
	}
	if ((d->n & (d->n - 1)) == 0) {
		const size_t cap = d->n ? d->n * 2 : 1;

		d->states = xrealloc(d->states, cap * sizeof(*d->states));
		d->next = xrealloc(d->next, cap * (d->classes + 1) * sizeof(*d->next));
	}
	memset(d->next + (size_t)d->n * (d->classes + 1), 0xff,
	       (d->classes + 1) * sizeof(*d->next));
	d->bytes += state_bytes(d, s);
	d->states[d->n] = s;
	d->table[slot] = d->n;
	return d->n++;
}

/* By gaps (Shell, Ciura).  qsort(3) asks the kernel how much memory there is, which lock-down
 * forbids. */
static void sort(uint32_t *v, uint32_t n)
{
	static const uint32_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (uint32_t i = gaps[g]; i < n; i++) {
			const uint32_t x = v[i];
			uint32_t k = i;

			for (; k >= gaps[g] && v[k - gaps[g]] > x; k -= gaps[g])
				v[k] = v[k - gaps[g]];
			v[k] = x;
		}
}

/* Does the state need to remember it?  Not what reach() has gone through, or each state has. */
static bool is_kept(const struct dfa *d, uint32_t i)
{
	return d->p->insts[i].op != OP_SPLIT && d->p->insts[i].op != OP_JUMP && !d->is_begin[i];
}

/* set and found, as a state. */
static struct dfa_state *pack(struct dfa *d, uint32_t flags)
{
	struct dfa_state *s;
	uint32_t n = 0;

	for (uint32_t k = 0; k < d->set.n; k++)
		if (is_kept(d, d->set.dense[k]))
			d->list[n++] = d->set.dense[k];
	sort(d->list, n);
	s = xcalloc(1, sizeof(*s) + (n + d->n_found) * sizeof(s->words[0]));
	*s = (struct dfa_state){.flags = flags, .n_insts = n, .n_found = d->n_found};
	memcpy(s->words, d->list, n * sizeof(s->words[0]));
	memcpy(s->words + n, d->found, d->n_found * sizeof(s->words[0]));
	return s;
}

static uint32_t flags_after(const struct dfa *d, int c)
{
	return (c >= 0 && d->p->word[c] ? AFTER_WORD : 0) | (c == '\n' ? AFTER_LINE : 0);
}

/* Where the state leads by a byte of that class, which is not known yet. */
static uint32_t step(struct dfa *d, uint32_t from, unsigned class)
{
	const struct dfa_state *s = d->states[from];
	const int c = class < d->classes ? d->sample[class] : -1;
	const struct dfa_list *begun = fresh(d, s->flags, class, c);
	const uint64_t flushes = d->flushes;
	uint32_t to;

	d->core.n = 0;
	for (uint32_t i = 0; i < s->n_insts; i++)
		set_add(&d->core, s->words[i]);
	pass(d, s->flags, c);
	take(d, c);
	for (size_t i = 0; i < begun->n; i++)
		set_add(&d->set, begun->v[i]);
	to = intern(d, pack(d, flags_after(d, c)));
	if (d->flushes == flushes) /* else nobody knows any more where it came from */
		d->next[(size_t)from * (d->classes + 1) + class] = (int32_t)to;
	return to;
}

static void tell(const struct dfa_state *s, size_t end,
		 void (*found)(void *arg, uint32_t pattern, size_t end), void *arg)
{
	for (uint32_t i = 0; i < s->n_found; i++)
		found(arg, s->words[s->n_insts + i], end);
}

void dfa_run(struct dfa *d, const char *text, size_t len,
	     void (*found)(void *arg, uint32_t pattern, size_t end), void *arg)
{
	uint32_t state;

	d->set.n = d->n_found = 0;
	state = intern(d, pack(d, AFTER_LINE));

	for (size_t i = 0; i <= len; i++) {
		const unsigned class = i < len ? d->class_of[(unsigned char)text[i]] : d->classes;
		const int32_t known = d->next[(size_t)state * (d->classes + 1) + class];

		state = known >= 0 ? (uint32_t)known : step(d, state, class);
		if (d->states[state]->n_found)
			tell(d->states[state], i, found, arg);
	}
}

/* --- where a match begins --- */

struct hunt {
	struct dfa *d;
	uint32_t flags;
	int next;
};

/* What can be reached from inst at this place; threads come in the order of their beginnings. */
static void follow(struct hunt *h, struct dfa_threads *t, uint32_t inst, size_t start)
{
	const struct program *p = h->d->p;
	const bool word = h->next >= 0 && p->word[h->next], line = h->next < 0 || h->next == '\n';
	size_t n = 0;

	h->d->stack[n++] = inst;
	while (n) {
		const uint32_t i = h->d->stack[--n];
		const struct inst *in = &p->insts[i];

		if (t->starts[i] != SIZE_MAX)
			continue;
		t->starts[i] = start;
		t->insts[t->n++] = i;
		if (in->op == OP_SPLIT)
			h->d->stack[n++] = in->other;
		if (in->op == OP_SPLIT || in->op == OP_JUMP ||
		    holds(in->op, h->flags & AFTER_WORD, word, h->flags & AFTER_LINE, line))
			h->d->stack[n++] = in->next;
	}
}

static void clear(struct dfa_threads *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->starts[t->insts[i]] = SIZE_MAX;
	t->n = 0;
}

static void advance(struct hunt *h, struct dfa_threads *from, struct dfa_threads *to,
		    unsigned char c)
{
	const struct program *p = h->d->p;

	for (size_t i = 0; i < from->n; i++) {
		const uint32_t at = from->insts[i];

		if (p->insts[at].op == OP_SET && set_has(&p->sets[p->insts[at].set], c))
			follow(h, to, p->insts[at].next, from->starts[at]);
	}
	clear(from);
}

static void threads_init(struct dfa_threads *t, const struct program *p)
{
	t->starts = xcalloc(p->n + 1, sizeof(*t->starts));
	t->insts = xcalloc(p->n + 1, sizeof(*t->insts));
	memset(t->starts, 0xff, p->n * sizeof(*t->starts));
	t->n = 0;
}

static void threads_finish(struct dfa_threads *t)
{
	free(t->starts);
	free(t->insts);
}

size_t dfa_start_of(struct dfa *d, const char *text, size_t len, uint32_t pattern, size_t end)
{
	const uint32_t back = d->p->reach[pattern];
	const size_t first = end > back ? end - back : 0;
	struct dfa_threads *now = &d->threads[0], *then = &d->threads[1], *swap;
	size_t best = SIZE_MAX;

	for (size_t i = first; i <= end; i++) {
		struct hunt h = {d, i ? flags_after(d, (unsigned char)text[i - 1]) : AFTER_LINE,
				 i < len ? (unsigned char)text[i] : -1};

		if (i > first) {
			advance(&h, now, then, (unsigned char)text[i - 1]);
			swap = now, now = then, then = swap;
		}
		follow(&h, now, d->p->starts[pattern], i);
	}
	for (size_t i = 0; i < now->n; i++)
		if (d->p->insts[now->insts[i]].op == OP_MATCH &&
		    d->p->insts[now->insts[i]].next == pattern && now->starts[now->insts[i]] < best)
			best = now->starts[now->insts[i]];
	clear(now);
	return best;
}

static void set_init(struct dfa_set *s, size_t n)
{
	s->dense = xcalloc(n + 1, sizeof(*s->dense));
	s->from = xcalloc(n + 1, sizeof(*s->from));
	s->n = 0;
}

static void set_finish(struct dfa_set *s)
{
	free(s->dense);
	free(s->from);
}

void dfa_init(struct dfa *d, const struct program *p)
{
	*d = (struct dfa){.p = p};
	find_classes(d);
	d->table = xcalloc(TABLE_SIZE, sizeof(*d->table));
	memset(d->table, 0xff, TABLE_SIZE * sizeof(*d->table));
	set_init(&d->begin, p->n);
	set_init(&d->core, p->n);
	set_init(&d->set, p->n);
	d->is_begin = xcalloc(p->n + 1, sizeof(*d->is_begin));
	d->fresh = xcalloc((size_t)4 * (d->classes + 1), sizeof(*d->fresh));
	d->found = xcalloc(p->n_patterns + 1, sizeof(*d->found));
	d->stack = xcalloc(2 * p->n + 2, sizeof(*d->stack));
	d->list = xcalloc(p->n + 1, sizeof(*d->list));
	threads_init(&d->threads[0], p);
	threads_init(&d->threads[1], p);
	for (size_t i = 0; i < p->n_patterns; i++)
		reach(d, &d->begin, p->starts[i]);
	for (uint32_t k = 0; k < d->begin.n; k++)
		d->is_begin[d->begin.dense[k]] = true;
}

void dfa_finish(struct dfa *d)
{
	if (d->table)
		forget(d);
	for (size_t i = 0; d->fresh && i < (size_t)4 * (d->classes + 1); i++)
		free(d->fresh[i].v);
	free(d->fresh);
	free(d->states);
	free(d->next);
	free(d->table);
	set_finish(&d->begin);
	set_finish(&d->core);
	set_finish(&d->set);
	free(d->is_begin);
	free(d->found);
	free(d->stack);
	free(d->list);
	threads_finish(&d->threads[0]);
	threads_finish(&d->threads[1]);
	*d = (struct dfa){0};
}
