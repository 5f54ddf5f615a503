/* SPDX-License-Identifier: Apache-2.0 */
/* The screen, or a part of it, as a picture: what is there when its turn comes, in one piece. */
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "tools/pod-display/acts.h"

#define ROWS 16 /* between two looks at the clock */

struct shot {
	struct rect r;
	uint8_t *pixels; /* a copy: the screen goes on while this is compressed */
	struct picture *picture;
	struct buf bytes;
};

static void end(struct act *a)
{
	struct shot *s = a->state;

	a->state = NULL;
	if (!s)
		return;
	picture_free(s->picture);
	free(s->pixels);
	buf_finish(&s->bytes);
	free(s);
}

static int begin(struct act *a, uint64_t now, struct err *e)
{
	struct rect r = a->wish.region;

	(void)now;
	if (!wish_has(&a->wish, FIELD_REGION))
		return 0;
	return rect_on(&r, a->acts->screen)
		       ? 0
		       : err_set(e, ERR_PLAIN,
				 "the region lies outside of the screen, which is %dx%d",
				 a->acts->screen->width, a->acts->screen->height);
}

static void copy(struct shot *s, const struct screen *screen)
{
	size_t row = (size_t)s->r.w * 4;

	s->pixels = xcalloc((size_t)s->r.h, row);
	for (int y = 0; y < s->r.h; y++)
		memcpy(s->pixels + (size_t)y * row,
		       (const uint8_t *)screen->pixels + (size_t)(s->r.y + y) * screen->stride +
			       (size_t)s->r.x * 4,
		       row);
}

/* Its turn: the screen may have another size by now. */
static int take(struct act *a, struct err *e)
{
	struct screen *screen = a->acts->screen;
	struct shot *s = a->state = xcalloc(1, sizeof(*s));

	if (acts_fresh(a->acts, e) < 0)
		return -e->code;
	s->r = wish_has(&a->wish, FIELD_REGION)
		       ? a->wish.region
		       : (struct rect){0, 0, screen->width, screen->height};
	if (!rect_on(&s->r, screen))
		return err_set(e, ERR_PLAIN, "the region lies outside of the screen");
	copy(s, screen);
	s->picture = picture_new((enum picture_format)a->wish.n[FIELD_FORMAT], s->r.w, s->r.h,
				 &s->bytes, e);
	return s->picture ? 0 : -e->code;
}

static void answer(struct act *a)
{
	static const char *const words[] = {"raw", "png", "jpeg"};
	struct shot *s = a->state;

	answer_open(a);
	jw_kstr(&a->out, "format", words[a->wish.n[FIELD_FORMAT]]);
	jw_knum(&a->out, "x", s->r.x);
	jw_knum(&a->out, "y", s->r.y);
	jw_knum(&a->out, "width", s->r.w);
	jw_knum(&a->out, "height", s->r.h);
	jw_knum(&a->out, "bytes", (int64_t)s->bytes.len);
	answer_close(a);
	buf_add(&a->out, s->bytes.data, s->bytes.len);
	act_done(a);
	end(a);
}

/* Rows until the slice is over: 1 at the last one. */
static int compress(struct act *a, struct shot *s, uint64_t since, struct err *e)
{
	size_t row = (size_t)s->r.w * 4;
	int r = 0;

	while (r == 0 && acts_clock_us() - since < ACTS_SLICE * 1000) {
		int done = s->picture->row, n = s->r.h - done;

		r = picture_rows(s->picture, s->pixels + (size_t)done * row, row,
				 n < ROWS ? n : ROWS, e);
	}
	acts_charge(a->acts, since);
	return r;
}

static void step(struct act *a, uint64_t now)
{
	uint64_t since = acts_clock_us(), rest;
	struct err e = {0};
	int r = 0;

	if (act_waits(a))
		return;
	rest = acts_credit(a->acts, now);
	a->due = now + rest;
	if (rest)
		return;
	if (!a->state)
		r = take(a, &e);
	if (r == 0)
		r = compress(a, a->state, since, &e);
	if (r > 0)
		answer(a);
	else if (r < 0)
		act_fail(a, &e);
}

const struct deed deed_shot = {begin, step, NULL, end};
