/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each view of a text is run through the automaton of its reading.  The automaton tells where
 * matches end; of how long they grow only the longest is told, and where it begins is looked for
 * backwards, so often and so far as leaves the time linear.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/path.h"
#include "tools/pod-screen/decode.h"
#include "tools/pod-screen/screen.h"

#define VALIDATED_MAX 1000u /* candidates of a rule, in a piece, that turn out to be none */
#define LOCATED_MAX   64u

struct pass {
	struct screen *s;
	struct dfa *dfa;
	enum view view;
	const char *text; /* of the view */
	size_t len;
	const struct piece *piece; /* where it came from; NULL: it is the text itself */
	const char *original;
	uint64_t base;
	const char *where;
	struct hits *hits;
};

/* --- hits --- */

static size_t origin(const struct pass *p, size_t i)
{
	return p->piece ? piece_from(p->piece, i) : i;
}

/* Only so much of a secret as says which one it is. */
static void mask(struct buf *b, size_t len)
{
	const size_t keep = len > 24 ? 6 : len > 8 ? 2 : 0;

	if (keep < b->len) {
		b->len = keep;
		b->data[keep] = 0;
	}
	buf_fmt(b, "… (%zu bytes)", len);
}

static void fragment(const struct pass *p, const struct rule *rule, const char *text, size_t len,
		     char out[FRAGMENT_MAX + 1])
{
	const bool hide = !p->s->reveal && (rule->category == CATEGORY_CREDENTIALS ||
					    rule->category == CATEGORY_PII);
	OWN_BUF struct buf raw = BUF_INIT, escaped = BUF_INIT;
	size_t n = len < FRAGMENT_MAX ? len : FRAGMENT_MAX;

	buf_add(&raw, text, n);
	for (size_t i = 0; i < n; i++)
		raw.data[i] = raw.data[i] ? raw.data[i] : ' ';
	if (hide)
		mask(&raw, len);
	buf_esc(&escaped, raw.data);
	n = escaped.len < FRAGMENT_MAX ? escaped.len : FRAGMENT_MAX;
	while (n < escaped.len && n && ((unsigned char)escaped.data[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, escaped.data, n);
	out[n] = 0;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_known(const struct pass *p, const struct rule *rule, uint64_t at, uint64_t end)
{
	const struct hits *h = p->hits;

	for (size_t i = h->n; i-- > 0;)
		if (h->v[i].rule == rule && h->v[i].at < end && at < h->v[i].end &&
		    is_same_text(h->v[i].where, p->where))
			return true;
	return false;
}

/* The match of bytes start to end of the view. */
static void add_hit(struct pass *p, const struct rule *rule, size_t start, size_t end)
{
	const size_t first = origin(p, start), last = origin(p, end - 1) + 1;
	const bool is_decoded = p->view == VIEW_DECODED;
	struct hits *h = p->hits;
	struct hit hit = {
		.rule = rule, .view = p->view, .at = p->base + first, .end = p->base + last};

	if (is_known(p, rule, hit.at, hit.end))
		return;
	if (h->n >= HITS_MAX) {
		h->more++;
		return;
	}
	if (is_decoded)
		fragment(p, rule, p->text + start, end - start, hit.fragment);
	else
		fragment(p, rule, p->original + first, last - first, hit.fragment);
	hit.where = p->where ? xstrdup(p->where) : NULL;
	if ((h->n & (h->n - 1)) == 0)
		h->v = xrealloc(h->v, (h->n ? h->n * 2 : 1) * sizeof(*h->v));
	h->v[h->n++] = hit;
}

static void close_match(struct pass *p, size_t i)
{
	struct pending *m = &p->s->pending[i];

	if (m->is_open)
		add_hit(p, &p->s->set->rules[i], m->start, m->end);
	m->is_open = false;
}

static void grow_match(struct pass *p, uint32_t pattern, size_t i, size_t end)
{
	struct pending *m = &p->s->pending[i];
	size_t start;

	if (m->is_open && end <= m->end + 1) {
		m->end = end;
		return;
	}
	if (m->located++ >= LOCATED_MAX) {
		close_match(p, i);
		p->hits->more++;
		return;
	}
	start = dfa_start_of(p->dfa, p->text, p->len, pattern, end);
	if (start == SIZE_MAX)
		start = end > 1 ? end - 1 : 0;
	if (m->is_open && start < m->end) {
		m->end = end;
		return;
	}
	close_match(p, i);
	*m = (struct pending){true, start, end, m->located};
}

/* Of matches that overlap, from the first to the last that is valid. */
static void grow_valid(struct pass *p, size_t i, size_t start, size_t end)
{
	struct pending *m = &p->s->pending[i];

	if (m->is_open && start < m->end) {
		m->end = end;
		return;
	}
	close_match(p, i);
	*m = (struct pending){true, start, end, m->located};
}

static void found(void *arg, uint32_t pattern, size_t end)
{
	struct pass *p = arg;
	const uint32_t i = p->dfa->p->ids[pattern];
	const struct rule *rule = &p->s->set->rules[i];
	size_t start;

	if (!(rule->views >> p->view & 1) || p->s->without >> rule->category & 1)
		return;
	if (!rule->valid) {
		grow_match(p, pattern, i, end);
		return;
	}
	/* A text of nothing but candidates is made for this: what is not looked at counts as a hit.
	 */
	if (p->s->pending[i].located >= VALIDATED_MAX) {
		p->hits->more++;
		return;
	}
	start = dfa_start_of(p->dfa, p->text, p->len, pattern, end);
	if (start != SIZE_MAX && rule->valid(p->text + start, end - start))
		grow_valid(p, i, start, end);
	else
		p->s->pending[i].located++;
}

/* --- views --- */

static void run(struct pass *p, enum view view, enum reading reading, const struct piece *piece)
{
	p->view = view;
	p->dfa = &p->s->dfas[reading];
	p->piece = piece;
	p->text = piece ? piece->text : p->original;
	p->len = piece ? piece->len : p->len;
	if (!p->s->programs[reading].n_patterns || !p->len)
		return;
	if (!p->dfa->p)
		dfa_init(p->dfa, &p->s->programs[reading]);
	memset(p->s->pending, 0, p->s->set->n * sizeof(*p->s->pending));
	dfa_run(p->dfa, p->text, p->len, found, p);
	for (size_t i = 0; i < p->s->set->n; i++)
		close_match(p, i);
}

static void look(struct pass *p, size_t len)
{
	struct screen *s = p->s;

	p->len = len;
	run(p, VIEW_RAW, READ_RAW, NULL);
	fold(&s->folded, p->original, len, NULL);
	run(p, VIEW_TEXT, READ_TEXT, &s->folded);
	leet(&s->other, &s->folded);
	run(p, VIEW_LEET, READ_LEET, &s->other);
	squeeze(&s->other, &s->folded);
	run(p, VIEW_SPACED, READ_SQUEEZED, &s->other);
	decode(&s->decoded, p->original, len);
	run(p, VIEW_DECODED, READ_RAW, &s->decoded);
	fold(&s->other, s->decoded.text, s->decoded.len, s->decoded.from);
	run(p, VIEW_DECODED, READ_TEXT, &s->other);
}

void screen_text(struct screen *s, const char *text, size_t len, uint64_t base, const char *where,
		 struct hits *hits)
{
	for (size_t at = 0; at < len; at += WINDOW - OVERLAP) {
		const size_t n = len - at < WINDOW ? len - at : WINDOW;
		struct pass p = {.s = s,
				 .original = text + at,
				 .base = base + at,
				 .where = where,
				 .hits = hits};

		look(&p, n);
		if (at + n == len)
			break;
	}
}

/* --- rules --- */

/*
 * The readings that a rule's views need.  What is decoded is read as the rule reads what is not:
 * by its bytes, or in one spelling for all.
 */
static bool is_read(const struct rule *rule, enum reading reading)
{
	const unsigned views = rule->views, raw = 1u << VIEW_RAW, text = 1u << VIEW_TEXT;
	const bool is_decoded = views >> VIEW_DECODED & 1;

	switch (reading) {
	case READ_RAW:
		return views & raw;
	case READ_TEXT:
		return views & text || (is_decoded && !(views & raw));
	case READ_LEET:
		return views >> VIEW_LEET & 1;
	default:
		return views >> VIEW_SPACED & 1;
	}
}

static int add_rule(struct screen *s, size_t i, enum reading reading, struct err *e)
{
	const struct rule *rule = &s->set->rules[i];
	struct program *p = &s->programs[reading];
	size_t at;

	for (size_t n = 0; n < rule->patterns.n; n++) {
		if (program_add(p, rule->patterns.v[n], rule->ignore_case, (uint32_t)i, &at, e) < 0)
			goto wrong;
		/* Each candidate is looked at, so none may be long. */
		if (rule->valid && p->reach[p->n_patterns - 1] > VALID_REACH) {
			err_set(e, ERR_PLAIN,
				"what is validated has at most %u bytes: a pattern "
				"without + and *",
				VALID_REACH);
			goto wrong;
		}
	}
	return 0;
wrong:
	e->status = POD_EXIT_CONFIG;
	return err_wrap(e, "%s:%u:%u: rule %s", esc(rule->file), rule->line, rule->column,
			rule->name);
}

int screen_init(struct screen *s, const struct ruleset *set, struct err *e)
{
	*s = (struct screen){.set = set};
	for (enum reading r = 0; r < READINGS; r++) {
		program_init(&s->programs[r], r);
		for (size_t i = 0; i < set->n; i++)
			if (!set->rules[i].off && is_read(&set->rules[i], r) &&
			    add_rule(s, i, r, e) < 0)
				return -EINVAL;
	}
	screen_begin(s, set);
	return 0;
}

void screen_begin(struct screen *s, const struct ruleset *set)
{
	s->set = set;
	s->pending = xcalloc(set->n + 1, sizeof(*s->pending));
}

void screen_finish(struct screen *s)
{
	for (enum reading r = 0; r < READINGS; r++) {
		dfa_finish(&s->dfas[r]);
		program_finish(&s->programs[r]);
	}
	free(s->pending);
	seen_finish(&s->seen);
	piece_finish(&s->folded);
	piece_finish(&s->decoded);
	piece_finish(&s->other);
	*s = (struct screen){0};
}

void hits_finish(struct hits *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->v[i].where);
	free(h->v);
	*h = (struct hits){0};
}
