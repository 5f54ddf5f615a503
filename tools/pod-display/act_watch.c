/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait-change: until pixels of a region are others than they were.  Damage says when to look, and
 * no more: a program that paints the same thing again has changed nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "tools/pod-display/acts.h"

#define LOOK_MS 30 /* between two looks */

struct watch_state {
	struct rect r;
	uint8_t *was, *last; /* the region when it began, and at the last look; ignored parts of
				both are as they were */
	uint8_t *row;        /* one row of the screen, likewise */
	bool dirty;
	uint64_t began, looked, moved; /* moved: when pixels were last seen to change */
	int64_t pixels;                /* that differ from was */
	struct rect where;             /* which hold them; empty: none */
};

static void end(struct act *a)
{
	struct watch_state *s = a->state;

	a->state = NULL;
	if (!s)
		return;
	free(s->was);
	free(s->last);
	free(s->row);
	free(s);
}

static const uint8_t *screen_row(const struct act *a, const struct watch_state *s, int y)
{
	const struct screen *screen = a->acts->screen;

	return (const uint8_t *)screen->pixels + (size_t)(s->r.y + y) * screen->stride +
	       (size_t)s->r.x * 4;
}

static int begin(struct act *a, uint64_t now, struct err *e)
{
	const struct screen *screen = a->acts->screen;
	struct rect r = wish_has(&a->wish, FIELD_REGION)
				? a->wish.region
				: (struct rect){0, 0, screen->width, screen->height};
	struct watch_state *s;

	if (acts_fresh(a->acts, e) < 0)
		return -e->code;
	if (!rect_on(&r, screen))
		return err_set(e, ERR_PLAIN,
			       "the region lies outside of the screen, which is %dx%d",
			       screen->width, screen->height);
	/* This one is counted already. */
	if (acts_count(a->acts, &deed_watch) > ACTS_WAITS)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "%d wait for a change of the screen already", ACTS_WAITS);
	s = a->state = xcalloc(1, sizeof(*s));
	s->r = r;
	s->was = xcalloc((size_t)r.h, (size_t)r.w * 4);
	s->last = xcalloc((size_t)r.h, (size_t)r.w * 4);
	s->row = xcalloc(1, (size_t)r.w * 4);
	for (int y = 0; y < r.h; y++)
		memcpy(s->was + (size_t)y * (size_t)r.w * 4, screen_row(a, s, y), (size_t)r.w * 4);
	memcpy(s->last, s->was, (size_t)r.h * (size_t)r.w * 4);
	s->began = s->moved = now;
	a->due = now + (uint64_t)a->wish.n[FIELD_TIMEOUT];
	return 0;
}

static void damage(struct act *a, const struct rect *r, uint64_t now)
{
	struct watch_state *s = a->state;

	if (!s || s->dirty || !rect_meets(r, &s->r))
		return;
	s->dirty = true;
	a->due = now > s->looked + LOOK_MS ? now : s->looked + LOOK_MS;
}

/* --- looking --- */

/* The row as it is now, but for what is ignored, which is as it was. */
static void read_row(const struct act *a, struct watch_state *s, int y)
{
	memcpy(s->row, screen_row(a, s, y), (size_t)s->r.w * 4);
	for (size_t i = 0; i < a->wish.ignored; i++) {
		const struct rect *g = &a->wish.ignore[i];
		int from = g->x < s->r.x ? 0 : g->x - s->r.x, to = g->x + g->w - s->r.x;

		if (s->r.y + y < g->y || s->r.y + y >= g->y + g->h || from >= s->r.w || to <= 0)
			continue;
		to = to > s->r.w ? s->r.w : to;
		memcpy(s->row + (size_t)from * 4,
		       s->was + ((size_t)y * (size_t)s->r.w + (size_t)from) * 4,
		       (size_t)(to - from) * 4);
	}
}

/* The fourth byte of a pixel says nothing. */
static bool differs(const uint8_t *a, const uint8_t *b)
{
	return a[0] != b[0] || a[1] != b[1] || a[2] != b[2];
}

static void count_row(struct watch_state *s, int y)
{
	const uint8_t *was = s->was + (size_t)y * (size_t)s->r.w * 4;
	int first = -1, last = 0;
	struct rect line;

	if (memcmp(was, s->row, (size_t)s->r.w * 4) == 0)
		return;
	for (int x = 0; x < s->r.w; x++)
		if (differs(was + (size_t)x * 4, s->row + (size_t)x * 4)) {
			first = first < 0 ? x : first;
			last = x;
			s->pixels++;
		}
	if (first < 0)
		return;
	line = (struct rect){s->r.x + first, s->r.y + y, last - first + 1, 1};
	s->where = s->where.h ? rect_join(&s->where, &line) : line;
}

static void look(struct act *a, struct watch_state *s, uint64_t now)
{
	uint64_t since = acts_clock_us();
	size_t size = (size_t)s->r.w * 4;

	s->pixels = 0;
	s->where = (struct rect){0, 0, 0, 0};
	for (int y = 0; y < s->r.h; y++) {
		uint8_t *last = s->last + (size_t)y * size;

		read_row(a, s, y);
		count_row(s, y);
		if (memcmp(last, s->row, size) == 0)
			continue;
		memcpy(last, s->row, size);
		s->moved = now;
	}
	s->dirty = false;
	s->looked = now;
	acts_charge(a->acts, since);
}

static void answer(struct act *a, const struct watch_state *s, bool changed, uint64_t now)
{
	answer_open(a);
	jw_kbool(&a->out, "changed", changed);
	jw_knum(&a->out, "pixels", s->pixels);
	if (s->where.h) {
		jw_key(&a->out, "region");
		jw_open(&a->out, '[');
		jw_number(&a->out, s->where.x);
		jw_number(&a->out, s->where.y);
		jw_number(&a->out, s->where.w);
		jw_number(&a->out, s->where.h);
		jw_close(&a->out, ']');
	}
	jw_knum(&a->out, "waited", (int64_t)(now - s->began));
	answer_close(a);
	act_done(a);
	end(a);
}

/* A screen of another size has changed, whatever it shows. */
static bool resized(const struct act *a, const struct watch_state *s)
{
	return s->r.x + s->r.w > a->acts->screen->width ||
	       s->r.y + s->r.h > a->acts->screen->height;
}

static void step(struct act *a, uint64_t now)
{
	struct watch_state *s = a->state;
	uint64_t over = s->began + (uint64_t)a->wish.n[FIELD_TIMEOUT];
	uint64_t still = (uint64_t)a->wish.n[FIELD_SETTLE], rest;
	bool changed;

	if (resized(a, s)) {
		answer(a, s, true, now);
		return;
	}
	rest = s->dirty && now < over ? acts_credit(a->acts, now) : 0;
	if (s->dirty && !rest)
		look(a, s, now);
	changed = s->pixels >= a->wish.n[FIELD_MIN_PIXELS];
	if (changed && !s->dirty && now >= s->moved + still) {
		answer(a, s, true, now);
	} else if (now >= over) {
		answer(a, s, false, now);
	} else {
		a->due = rest ? now + rest : changed ? s->moved + still : over;
		a->due = a->due > over ? over : a->due;
	}
}

const struct deed deed_watch = {begin, step, damage, end};
