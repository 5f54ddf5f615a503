/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/parts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-audit/lanes.h"

#define THREADS_MAX 16

/* Lines whose place is right and whose links are yet to be made; copies, as the source reads on. */
struct queue {
	struct lane lane[LANES];
	struct chain said[LANES]; /* what each says of itself */
	uint64_t number[LANES];
	struct buf text[LANES];
	size_t n;
};

static void queue_finish(struct queue *q)
{
	for (size_t i = 0; i < LANES; i++)
		buf_finish(&q->text[i]);
}

/* The chain covers the line without itself: `…,"seq":N}`. */
static void queue_add(struct queue *q, const char *prev, const struct chain *said,
		      const struct line *l)
{
	struct buf *text = &q->text[q->n];

	buf_clear(text);
	buf_add(text, l->text, l->len - RECORD_TAIL);
	buf_char(text, '}');
	memcpy(q->lane[q->n].prev, prev, RECORD_HEX);
	q->lane[q->n].text = text->data;
	q->lane[q->n].len = text->len;
	q->said[q->n] = *said;
	q->number[q->n++] = l->number;
}

/* Make and compare the links: false, and the fault of the first line that does not fit. */
static bool queue_settle(struct queue *q, struct part *p, const struct expected *x)
{
	struct fault fault;

	lanes_chain(q->lane, q->n);
	for (size_t i = 0; i < q->n; i++) {
		if (!chain_fits(q->said[i].hex, q->lane[i].made, &fault)) {
			p->fault = fault;
			p->number = q->number[i];
			return false;
		}
		if (x->given && q->said[i].seq == x->seq && strcmp(q->said[i].hex, x->hex) == 0)
			p->seen = true;
	}
	q->n = 0;
	return true;
}

/* Every line of s, going on from p->chain.  A fault of the queue's comes before one found since. */
static void check_lines(struct part *p, struct source *s, const struct expected *x)
{
	OWN(queue_finish) struct queue q = {0};
	struct line *l = &s->line;
	struct fault fault = {0};
	bool good = true;
	int r;

	while (good && (r = source_next(s, &l, &p->err)) > 0) {
		char prev[RECORD_HEX];

		memcpy(prev, p->chain.hex, sizeof(prev));
		if (!chain_place(&p->chain, l, &fault))
			break;
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
	char pod[64];
	atomic_size_t next;
	atomic_bool faulty; /* no new part need be begun */
};

static void check_segment(struct work *w, size_t place)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct part *p = &w->parts->v[place];

	chain_init(&p->chain, w->pod);
	/* Where no head can be read, the segment before is at fault, and says so. */
	if (source_head(w->s, place, &p->chain.seq, p->chain.hex) >= 0 &&
	    source_part(w->s, place, &s, &p->err) == 0)
		check_lines(p, &s, w->x);
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

/* Whose log it is when nobody said: what its first line says. */
static void find_pod(struct work *w)
{
	OWN(source_finish) struct source first = SOURCE_INIT;
	struct err e = {0};
	struct line *l;

	memcpy(w->pod, w->s->pod, sizeof(w->pod));
	if (!w->pod[0] && source_part(w->s, 0, &first, &e) == 0 && source_next(&first, &l, &e) > 0)
		chain_pod(l, w->pod);
}

static void side_by_side(struct work *w)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[THREADS_MAX];
	size_t n = 0, want = processors > 1 ? (size_t)processors - 1 : 0;

	find_pod(w);
	while (n < want && n < THREADS_MAX && n + 1 < w->parts->n &&
	       pthread_create(&threads[n], NULL, worker, w) == 0)
		n++;
	worker(w);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

void parts_verify(struct parts *parts, struct source *s, const struct expected *x)
{
	struct work w = {.parts = parts, .s = s, .x = x};

	parts->n = s->n > 1 ? s->n : 1;
	parts->v = xcalloc(parts->n, sizeof(*parts->v));
	if (parts->n > 1) {
		side_by_side(&w);
		return;
	}
	chain_init(&parts->v[0].chain, s->pod);
	check_lines(&parts->v[0], s, x);
}

void parts_finish(struct parts *parts)
{
	free(parts->v);
	*parts = (struct parts){0};
}
