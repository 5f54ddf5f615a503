/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer and keyboard.  What is wanted is written down as strokes first, each with the pause that
 * programs need before it; then they are done one by one.  One act has the hands at a time, in the
 * order in which they were asked for, and what it holds when it is cut short is let go of.
 */
#include <stdlib.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "tools/pod-display/acts.h"

#define STROKES_MAX 16384
#define HOLD_MS     12 /* that a button or key is down */
#define BETWEEN_MS  40 /* clicks of a double click; toolkits take up to 400 */
#define NOTCH_MS    8  /* of the wheel */
#define MOTION_MS   8  /* between two places of a drag */
#define MOTIONS     8  /* of each leg, at least: a jump is no drag to most toolkits */
#define TYPING_MS   5  /* between two looks whether a text is out */
#define PIECE       96 /* characters that are handed on at a time: no more come after a lease */

enum stroke_kind { STROKE_POINTER, STROKE_PRESS, STROKE_RELEASE, STROKE_TEXT };

struct stroke {
	enum stroke_kind kind;
	uint16_t pause; /* milliseconds before it */
	int x, y;       /* of the pointer; of a text: where it begins, how many bytes */
	uint32_t value; /* buttons, or a keysym */
};

struct hand {
	struct stroke *strokes;
	size_t n, at;
	int x, y; /* where the pointer is, as strokes are added */
};

/* --- writing strokes down --- */

static void add(struct hand *h, enum stroke_kind kind, unsigned pause, uint32_t value)
{
	if (h->n == STROKES_MAX)
		return; /* too_many() has seen to it */
	h->strokes = xrealloc(h->strokes, (h->n + 1) * sizeof(*h->strokes));
	h->strokes[h->n++] = (struct stroke){kind, (uint16_t)pause, h->x, h->y, value};
}

static void press(struct hand *h, const struct chord *c, unsigned pause)
{
	for (size_t i = 0; i < c->n; i++)
		add(h, STROKE_PRESS, pause, c->sym[i]);
}

static void release(struct hand *h, const struct chord *c)
{
	for (size_t i = c->n; i-- > 0;)
		add(h, STROKE_RELEASE, HOLD_MS, c->sym[i]);
}

static void go_to(struct hand *h, const struct wish *w)
{
	if (!wish_has(w, FIELD_X))
		return;
	h->x = (int)w->n[FIELD_X];
	h->y = (int)w->n[FIELD_Y];
	add(h, STROKE_POINTER, 0, 0);
}

static void click(struct hand *h, const struct wish *w, uint32_t button, unsigned between)
{
	go_to(h, w);
	press(h, &w->modifiers, 0);
	for (int64_t i = 0; i < w->n[FIELD_COUNT]; i++) {
		add(h, STROKE_POINTER, i ? between : HOLD_MS, button);
		add(h, STROKE_POINTER, HOLD_MS, 0);
	}
	release(h, &w->modifiers);
}

static void drag(struct hand *h, const struct wish *w)
{
	uint32_t button = (uint32_t)w->n[FIELD_BUTTON];
	int legs = (int)w->points - 1;
	int motions = (int)(w->n[FIELD_DURATION] / MOTION_MS) / legs;

	motions = motions < MOTIONS ? MOTIONS : motions;
	h->x = w->path[0].x;
	h->y = w->path[0].y;
	add(h, STROKE_POINTER, 0, 0);
	press(h, &w->modifiers, 0);
	add(h, STROKE_POINTER, HOLD_MS, button);
	for (int leg = 0; leg < legs; leg++)
		for (int i = 1; i <= motions; i++) {
			const struct point *a = &w->path[leg], *b = a + 1;

			h->x = a->x + (b->x - a->x) * i / motions;
			h->y = a->y + (b->y - a->y) * i / motions;
			add(h, STROKE_POINTER, MOTION_MS, button);
		}
	add(h, STROKE_POINTER, HOLD_MS, 0);
	release(h, &w->modifiers);
}

static void keys(struct hand *h, const struct wish *w)
{
	for (int64_t n = 0; n < w->n[FIELD_COUNT]; n++)
		for (size_t i = 0; i < w->chords; i++) {
			press(h, &w->keys[i], n || i ? HOLD_MS : 0);
			release(h, &w->keys[i]);
		}
}

static void text(struct hand *h, const struct wish *w)
{
	size_t from = 0, chars = 0;

	for (size_t at = 0; at < w->text.len;) {
		uint32_t c;

		at += utf8_next(w->text.data + at, w->text.len - at, &c);
		if (++chars < PIECE && at < w->text.len)
			continue;
		h->x = (int)from;
		h->y = (int)(at - from);
		add(h, STROKE_TEXT, 0, 0);
		from = at;
		chars = 0;
	}
}

static void write_down(struct hand *h, const struct wish *w)
{
	switch (w->kind) {
	case WISH_MOVE:
		go_to(h, w);
		break;
	case WISH_CLICK:
		click(h, w, (uint32_t)w->n[FIELD_BUTTON], BETWEEN_MS);
		break;
	case WISH_SCROLL:
		click(h, w, (uint32_t)w->n[FIELD_DIRECTION], NOTCH_MS);
		break;
	case WISH_DRAG:
		drag(h, w);
		break;
	case WISH_TYPE:
		text(h, w);
		break;
	default:
		keys(h, w);
	}
}

static bool is_outside(const struct wish *w, const struct screen *s)
{
	bool out =
		wish_has(w, FIELD_X) && (w->n[FIELD_X] >= s->width || w->n[FIELD_Y] >= s->height);

	for (size_t i = 0; i < w->points; i++)
		out |= w->path[i].x >= s->width || w->path[i].y >= s->height;
	return out;
}

/* --- doing them --- */

static int do_stroke(struct act *a, const struct stroke *k)
{
	struct screen *s = a->acts->screen;

	switch (k->kind) {
	case STROKE_POINTER:
		return s->ops->pointer(s, k->x, k->y, k->value);
	case STROKE_PRESS:
		return s->ops->key(s, k->value, true);
	case STROKE_RELEASE:
		return s->ops->key(s, k->value, false);
	case STROKE_TEXT:
		break;
	}
	return s->ops->text(s, a->wish.text.data + k->x, (size_t)k->y);
}

static bool is_released(const struct hand *h, size_t i)
{
	for (size_t k = i + 1; k < h->at; k++)
		if (h->strokes[k].kind == STROKE_RELEASE &&
		    h->strokes[k].value == h->strokes[i].value)
			return true;
	return false;
}

/* Of one that was cut short. */
static void let_go(struct act *a, const struct hand *h)
{
	struct screen *s = a->acts->screen;
	const struct stroke *held = NULL;

	for (size_t i = 0; i < h->at && h->at < h->n; i++) {
		const struct stroke *k = &h->strokes[i];

		if (k->kind == STROKE_POINTER)
			held = k->value ? k : NULL;
		if (k->kind == STROKE_PRESS && !is_released(h, i))
			s->ops->key(s, k->value, false);
	}
	if (held)
		s->ops->pointer(s, held->x, held->y, 0);
}

static void end(struct act *a)
{
	struct hand *h = a->state;

	a->state = NULL;
	if (!h)
		return;
	if (a->acts->screen)
		let_go(a, h);
	free(h->strokes);
	free(h);
}

static int begin(struct act *a, uint64_t now, struct err *e)
{
	const struct screen *s = a->acts->screen;
	struct hand *h;

	(void)now;
	if (is_outside(&a->wish, s))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "%s: that lies outside of the screen, which is %dx%d",
				  wish_word(a->wish.kind), s->width, s->height);
	h = a->state = xcalloc(1, sizeof(*h));
	h->x = s->pointer_x;
	h->y = s->pointer_y;
	write_down(h, &a->wish);
	return h->n < STROKES_MAX
		       ? 0
		       : err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: that is too much at a time",
				    wish_word(a->wish.kind));
}

static void answer(struct act *a)
{
	answer_open(a);
	answer_close(a);
	act_done(a);
	end(a);
}

static void fail(struct act *a, int r)
{
	struct err e = {0};

	err_set(&e, -r, "%s", wish_word(a->wish.kind));
	act_fail(a, &e);
	end(a);
}

/* The next stroke, after its pause; a pause begins when what is before it has gone out. */
static void step(struct act *a, uint64_t now)
{
	const struct screen *s = a->acts->screen;
	struct hand *h = a->state;
	int r = 0;

	if (act_waits(a))
		return;
	a->due = now;
	/* Where there is nothing to wait for, what follows goes along. */
	while (h->at < h->n && a->due == now && !s->is_typing && r == 0) {
		r = do_stroke(a, &h->strokes[h->at]);
		h->at += r == 0;
		a->due = now + (r == 0 && h->at < h->n ? h->strokes[h->at].pause : 0);
	}
	if (r < 0 && r != -EAGAIN)
		fail(a, r);
	else if (s->is_typing || r < 0)
		a->due = now + TYPING_MS;
	else if (h->at == h->n)
		answer(a);
}

const struct deed deed_hand = {begin, step, NULL, end};
