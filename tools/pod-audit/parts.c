/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/parts.h"

#include <pthread.h>
#include <sodium/utils.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-audit/keystream.h"
#include "tools/pod-audit/lanes.h"

#define THREADS_MAX 16

/* Lines whose place is right and whose links are yet to be made; copies, as the source reads on. */
struct queue {
	struct lane lane[LANES];
	struct lane_keyed seal[LANES];
	struct chain said[LANES]; /* what each says of itself */
	uint64_t number[LANES];
	struct buf text[LANES];
	size_t n;
	struct keystream *keys; /* NULL: seals cannot be checked, or none was there so far */
};

static void queue_finish(struct queue *q)
{
	for (size_t i = 0; i < LANES; i++)
		buf_finish(&q->text[i]);
	if (q->keys)
		keystream_finish(q->keys);
	free(q->keys);
}

/* The chain covers the line without its end: `…,"seq":N}`. */
static void queue_add(struct queue *q, const char *prev, const struct chain *said,
		      const struct line *l)
{
	struct buf *text = &q->text[q->n];

	buf_clear(text);
	buf_add(text, l->text, l->len - said->last.size);
	buf_char(text, '}');
	memcpy(q->lane[q->n].prev, prev, RECORD_HEX);
	q->lane[q->n].text = text->data;
	q->lane[q->n].len = text->len;
	q->said[q->n] = *said;
	q->number[q->n++] = l->number;
}

/* Make the seals of the lines that have one; made[i] is hex. */
static void make_seals(struct queue *q, char made[LANES][LOGSEAL_HEX])
{
	const size_t size = (LOGSEAL_HEX - 1) / 2;

	for (size_t i = 0; i < q->n; i++) {
		memcpy(q->seal[i].key, keystream_key(q->keys, q->said[i].last.seq), LOGSEAL_KEY);
		q->seal[i].text = q->said[i].last.chain;
		q->seal[i].len = RECORD_HEX - 1;
	}
	lanes_keyed(q->seal, q->n, size);
	for (size_t i = 0; i < q->n; i++)
		sodium_bin2hex(made[i], LOGSEAL_HEX, q->seal[i].made, size);
	sodium_memzero(q->seal, sizeof(q->seal));
}

static bool is_right(const struct queue *q, size_t i, const char *seal, struct fault *f)
{
	const struct record_tail *said = &q->said[i].last;

	return chain_fits(said->chain, q->lane[i].made, f) &&
	       (!q->keys || !said->seal[0] || chain_sealed(said->seal, seal, f));
}

static void count(struct part *p, const struct queue *q, size_t i)
{
	const struct chain *c = &q->said[i];

	p->lines++;
	if (c->cut)
		spans_add(&p->cut, c->last.seq - c->cut, c->last.seq - 1);
	if (!c->last.seal[0])
		spans_add(&p->unsealed, c->last.seq, c->last.seq);
	p->sealed += c->last.seal[0] != '\0';
	p->checked += c->last.seal[0] && q->keys;
}

/* Make and compare links and seals: false, and the fault of the first line that does not fit. */
static bool queue_settle(struct queue *q, struct part *p, const struct expected *x)
{
	char seals[LANES][LOGSEAL_HEX] = {""};
	struct fault fault;

	lanes_chain(q->lane, q->n);
	if (q->keys)
		make_seals(q, seals);
	for (size_t i = 0; i < q->n; i++) {
		const struct record_tail *said = &q->said[i].last;

		if (!is_right(q, i, seals[i], &fault)) {
			p->fault = fault;
			p->number = q->number[i];
			return false;
		}
		count(p, q, i);
		if (x->given && said->seq == x->seq && strcmp(said->chain, x->hex) == 0)
			p->seen = true;
	}
	q->n = 0;
	return true;
}

/* With the first sealed line the keys are known, if we have any; else there are none that fit. */
static void take_keys(struct queue *q, const struct source *s, const struct chain *said,
		      struct seals *seals)
{
	static const unsigned char nobodys[LOGSEAL_KEY];
	bool found;

	if (q->keys || !said->last.seal[0] || !seals->have)
		return;
	found = seals_find(seals, &said->last, s->has_seal == 1 ? s->seal.log : UINT64_MAX);
	q->keys = xcalloc(1, sizeof(*q->keys));
	keystream_init(q->keys, found ? seals->root : nobodys);
}

/* Every line of s, going on from p->chain.  A fault of the queue's comes before one found since. */
static void check_lines(struct part *p, struct source *s, const struct expected *x,
			struct seals *seals)
{
	OWN(queue_finish) struct queue q = {0};
	struct line *l = &s->line;
	struct fault fault = {0};
	bool good = true;
	int r;

	while (good && (r = source_next(s, &l, &p->err)) > 0) {
		char prev[RECORD_HEX];

		memcpy(prev, p->chain.last.chain, sizeof(prev));
		if (!chain_place(&p->chain, l, &fault))
			break;
		take_keys(&q, s, &p->chain, seals);
		queue_add(&q, prev, &p->chain, l);
		fault.kind = NULL;
		good = q.n < LANES || queue_settle(&q, p, x);
	}
	memcpy(p->segment, l->segment, sizeof(p->segment));
	if (!good || !queue_settle(&q, p, x))
		return;
	p->number = l->number;
	if (fault.kind)
		p->fault = fault;
}

struct work {
	struct parts *parts;
	const struct source *s;
	const struct expected *x;
	struct seals *seals;
	char pod[64];
	atomic_size_t next;
	atomic_bool faulty; /* no new part need be begun */
};

static void check_segment(struct work *w, size_t place)
{
	OWN(seals_finish) struct seals seals = *w->seals;
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct part *p = &w->parts->v[place];

	chain_init(&p->chain, w->pod);
	/* Where no head can be read, the segment before is at fault, and says so. */
	if (source_head(w->s, place, &p->chain.last) >= 0 &&
	    source_part(w->s, place, &s, &p->err) == 0)
		check_lines(p, &s, w->x, &seals);
	if (p->fault.kind || p->err.code)
		w->faulty = true;
}

static void *worker(void *arg)
{
	struct work *w = arg;
	size_t place;

	while (!w->faulty && (place = w->next++) < w->parts->n)
		check_segment(w, place);
	return NULL;
}

/*
 * Before the threads start: whose log it is when nobody said, as its first line says; and by which
 * keys it is sealed, as its first sealed line tells.
 */
static void look_ahead(struct work *w)
{
	OWN(source_finish) struct source first = SOURCE_INIT;
	uint64_t hint = w->s->has_seal == 1 ? w->s->seal.log : UINT64_MAX;
	struct err e = {0};
	struct record_tail tail = {0};
	struct line *l;

	memcpy(w->pod, w->s->pod, sizeof(w->pod));
	if (source_part(w->s, 0, &first, &e) < 0)
		return;
	while (!tail.seal[0] && source_next(&first, &l, &e) > 0) {
		if (!w->pod[0])
			chain_pod(l, w->pod);
		if (record_tail(l->text, l->len, &tail) < 0)
			tail.seal[0] = '\0';
	}
	if (tail.seal[0])
		seals_find(w->seals, &tail, hint);
}

static void side_by_side(struct work *w)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[THREADS_MAX];
	size_t n = 0, want = processors > 1 ? (size_t)processors - 1 : 0;

	look_ahead(w);
	while (n < want && n < THREADS_MAX && n + 1 < w->parts->n &&
	       pthread_create(&threads[n], NULL, worker, w) == 0)
		n++;
	worker(w);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

void parts_verify(struct parts *parts, struct source *s, const struct expected *x,
		  struct seals *seals)
{
	struct work w = {.parts = parts, .s = s, .x = x, .seals = seals};

	parts->n = s->n > 1 ? s->n : 1;
	parts->v = xcalloc(parts->n, sizeof(*parts->v));
	if (parts->n > 1) {
		side_by_side(&w);
		return;
	}
	chain_init(&parts->v[0].chain, s->pod);
	check_lines(&parts->v[0], s, x, seals);
}

void parts_finish(struct parts *parts)
{
	free(parts->v);
	*parts = (struct parts){0};
}
