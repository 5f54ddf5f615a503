/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/film.h"

#include <errno.h>

#include "libcommon/jsonw.h"
#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "tools/pod-display/ask.h"
#include "tools/pod-display/vp8.h"
#include "tools/pod-display/webm.h"

#define WAIT_MS 60000
#define KEY_MS  10000 /* between key frames: that far apart are the places one can go to */

struct film {
	struct ask ask;
	struct webm webm;
	struct vp8 *codec; /* NULL before the first piece */
	const struct film_bounds *bounds;
	int fd;
	uint64_t began, last, key; /* last: milliseconds of the newest frame */
};

static void film_finish(struct film *f)
{
	ask_finish(&f->ask);
	vp8_free(f->codec);
	webm_finish(&f->webm);
}

static uint64_t age(const struct film *f)
{
	return loop_clock() - f->began;
}

static int add_frame(struct film *f, uint64_t ms, struct err *e)
{
	bool is_first = !f->webm.bytes || !f->webm.cluster, as_key;
	struct vp8_frame frame;

	ms = is_first ? 0 : ms > f->last ? ms : f->last + 1;
	as_key = is_first || ms - f->key >= KEY_MS;
	if (vp8_encode(f->codec, ms, as_key, &frame, e) < 0)
		return -e->code;
	if (!frame.len)
		return 0;
	f->last = ms;
	f->key = frame.is_key ? ms : f->key;
	return webm_frame(&f->webm, frame.data, frame.len, ms, frame.is_key, e);
}

/* The film has the size that the screen had at first; of a larger one it shows the upper left. */
static int begin(struct film *f, const struct answer *a, struct err *e)
{
	f->codec = vp8_new((int)a->width, (int)a->height, e);
	if (!f->codec)
		return -e->code;
	f->began = loop_clock();
	return webm_begin(&f->webm, f->fd, (int)a->width, (int)a->height, e);
}

static int paint(struct film *f, const struct answer *a, const struct buf *pixels, struct err *e)
{
	const uint8_t *at = (const uint8_t *)pixels->data;
	uint64_t left = pixels->len;

	for (size_t i = 0; i < a->n_rects; i++) {
		const struct rect *r = &a->rects[i];
		uint64_t need = (uint64_t)r->w * (uint64_t)r->h * 4;

		if (need > left || (r->x | r->y) & 1)
			return err_set(e, ERR_PLAIN,
				       "a piece of the screen is not as it should be");
		vp8_paint(f->codec, r->x, r->y, r->w, r->h, at, (size_t)r->w * 4);
		at += need;
		left -= need;
	}
	return 0;
}

static int take_piece(struct film *f, struct err *e)
{
	OWN_BUF struct buf line = BUF_INIT, pixels = BUF_INIT;
	struct answer a;

	if (ask_answer(&f->ask, &a, &line, e) < 0 ||
	    ask_bytes(&f->ask, &pixels, (uint64_t)a.bytes, e) < 0)
		return -e->code;
	if (!f->codec && begin(f, &a, e) < 0)
		return -e->code;
	if (paint(f, &a, &pixels, e) < 0)
		return -e->code;
	return add_frame(f, age(f), e);
}

/* --- until when --- */

static bool is_full(const struct film *f)
{
	return f->codec && (age(f) >= f->bounds->ms || f->webm.bytes >= f->bounds->bytes);
}

/* Wait for a piece, or the end of time: 1, 0 to look again, -errno. */
static int wait_piece(struct film *f, int signals, struct err *e)
{
	uint64_t left = f->codec ? f->bounds->ms - age(f) : WAIT_MS;

	return ask_wait(&f->ask, signals, left > WAIT_MS ? WAIT_MS : (int)left, e);
}

static int until_end(struct film *f, int signals, struct err *e)
{
	int r = 0;

	while (r >= 0 && !is_full(f)) {
		r = wait_piece(f, signals, e);
		if (r > 0)
			r = take_piece(f, e);
	}
	/* A signal is how one is ended; a display that ends has ended it. */
	if (r < 0 && (e->code == EINTR || (f->codec && e->code == EPIPE))) {
		*e = (struct err){0};
		return 0;
	}
	return r;
}

int film_make(const char *socket, int fd, const struct film_bounds *bounds, struct err *e)
{
	OWN(film_finish)
	struct film f = {.ask = {.fd = -1, .signals = -1}, .bounds = bounds, .fd = fd};
	OWN_BUF struct buf line = BUF_INIT;
	OWN_FD int signals = loop_signals(e);
	uint64_t end;

	if (signals < 0)
		return -e->code;
	ask_line(&line, WISH_RECORD);
	jw_knum(&line, "fps", bounds->fps);
	if (ask_begin(&f.ask, socket, &line, e) < 0 || until_end(&f, signals, e) < 0)
		return -e->code;
	if (!f.codec)
		return 0;
	/* What was still to be seen is seen until the end. */
	end = age(&f) < bounds->ms ? age(&f) : bounds->ms;
	if (end > f.last && add_frame(&f, end, e) < 0)
		return -e->code;
	return webm_end(&f.webm, end, e);
}
