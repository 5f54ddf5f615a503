/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/parts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

#define THREADS_MAX 16

/* Every line of s, going on from p->chain. */
static void check_lines(struct part *p, struct source *s, const struct expected *x)
{
	struct line *l = &s->line;
	struct fault fault;
	int r;

	while ((r = source_next(s, &l, &p->err)) > 0) {
		if (!chain_next(&p->chain, l, &fault)) {
			p->fault = fault;
			break;
		}
		if (x->given && p->chain.seq == x->seq && strcmp(p->chain.hex, x->hex) == 0)
			p->seen = true;
	}
	memcpy(p->segment, l->segment, sizeof(p->segment));
	p->number = l->number;
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
