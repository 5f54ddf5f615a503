/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes on the screen, as it changes, for whoever makes a film of it.  A piece is a line
 *	{"ok":true,"at":MS,"width":W,"height":H,"rects":[[x,y,w,h],…],"bytes":N}
 * and the rectangles' pixels, one after the other.  The next piece comes when the last one has been
 * taken and something has changed: a slow reader gets fewer, and holds nothing up.
 */
#include <stdlib.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "tools/pod-display/acts.h"

#define RECTS 16

struct record {
	struct rect rects[RECTS];
	size_t n;
	int width, height; /* of the screen when the last piece left */
	unsigned resizes;  /* likewise; after another one all of it is new */
	uint64_t began, next;
};

static void end(struct act *a)
{
	free(a->state);
	a->state = NULL;
}

static int begin(struct act *a, uint64_t now, struct err *e)
{
	struct record *r;

	if (acts_count(a->acts, &deed_record) > ACTS_RECORDS)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN, "%d record the screen already",
				  ACTS_RECORDS);
	r = a->state = xcalloc(1, sizeof(*r));
	r->began = r->next = now;
	return 0;
}

/* To even places: colours are kept for squares of four pixels. */
static struct rect even(const struct rect *r)
{
	int x = r->x & ~1, y = r->y & ~1;

	return (struct rect){x, y, (r->x + r->w - x + 1) & ~1, (r->y + r->h - y + 1) & ~1};
}

static void damage(struct act *a, const struct rect *rect, uint64_t now)
{
	struct record *r = a->state;
	struct rect one = even(rect);

	(void)now;
	for (size_t i = 0; i < r->n; i++)
		if (rect_meets(&r->rects[i], &one)) {
			r->rects[i] = rect_join(&r->rects[i], &one);
			return;
		}
	if (r->n == RECTS) {
		for (; r->n > 1; r->n--)
			r->rects[0] = rect_join(&r->rects[0], &r->rects[r->n - 1]);
		r->rects[0] = rect_join(&r->rects[0], &one);
		return;
	}
	r->rects[r->n++] = one;
	if (a->due == DUE_NEVER)
		a->due = r->next;
}

/* What lies on the screen of what is new; the bytes of it. */
static int64_t settle_rects(struct record *r, const struct screen *screen)
{
	int64_t bytes = 0;
	size_t n = 0;

	if (!r->width || r->resizes != screen->resizes) {
		r->rects[0] = (struct rect){0, 0, screen->width, screen->height};
		r->n = 1;
	}
	for (size_t i = 0; i < r->n; i++)
		if (rect_on(&r->rects[i], screen)) {
			r->rects[n] = r->rects[i];
			bytes += (int64_t)r->rects[n].w * r->rects[n].h * 4;
			n++;
		}
	r->n = n;
	r->width = screen->width;
	r->height = screen->height;
	r->resizes = screen->resizes;
	return bytes;
}

static void print_head(struct act *a, const struct record *r, int64_t bytes, uint64_t now)
{
	answer_open(a);
	jw_knum(&a->out, "at", (int64_t)(now - r->began));
	jw_knum(&a->out, "width", r->width);
	jw_knum(&a->out, "height", r->height);
	jw_key(&a->out, "rects");
	jw_open(&a->out, '[');
	for (size_t i = 0; i < r->n; i++) {
		jw_open(&a->out, '[');
		jw_number(&a->out, r->rects[i].x);
		jw_number(&a->out, r->rects[i].y);
		jw_number(&a->out, r->rects[i].w);
		jw_number(&a->out, r->rects[i].h);
		jw_close(&a->out, ']');
	}
	jw_close(&a->out, ']');
	jw_knum(&a->out, "bytes", bytes);
	answer_close(a);
}

static void print_piece(struct act *a, struct record *r, uint64_t now)
{
	const struct screen *screen = a->acts->screen;
	int64_t bytes = settle_rects(r, screen);

	if (!r->n)
		return;
	print_head(a, r, bytes, now);
	for (size_t i = 0; i < r->n; i++)
		for (int y = 0; y < r->rects[i].h; y++)
			buf_add(&a->out,
				(const uint8_t *)screen->pixels +
					(size_t)(r->rects[i].y + y) * screen->stride +
					(size_t)r->rects[i].x * 4,
				(size_t)r->rects[i].w * 4);
	r->n = 0;
}

static void step(struct act *a, uint64_t now)
{
	struct record *r = a->state;
	uint64_t tick = 1000 / (uint64_t)a->wish.n[FIELD_FPS], since = acts_clock_us();
	uint64_t rest = acts_credit(a->acts, now);

	if (rest || a->out.len) {
		a->due = now + (rest > tick ? rest : tick);
		return;
	}
	print_piece(a, r, now);
	acts_charge(a->acts, since);
	r->next = now + tick;
	/* damage() wakes it. */
	a->due = r->n ? r->next : DUE_NEVER;
}

const struct deed deed_record = {begin, step, damage, end};
