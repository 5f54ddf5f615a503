/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: what the screen says is taken in at once, looked at 60 times a second at most, and
 * becomes updates for those who have asked for one and have taken the one before.
 */
#include "tools/pod-display/desk.h"

#include <string.h>
#include <sys/epoll.h>

#include "libcommon/say.h"
#include "tools/pod-display/viewer.h"

#define FRAME_MS  16
#define RETRY_MS  100  /* for a screen that is not there; */
#define RETRY_MAX 1000 /* later */
#define RESIZE_MS 250  /* between two changes of size */

bool desk_is_leased(const struct desk *d, uint64_t now)
{
	return d->lease[0] && now < d->lease_end;
}

void desk_lease(struct desk *d, const char *id, uint64_t seconds)
{
	char kept[ID_MAX + 1];

	snprintf(kept, sizeof(kept), "%s", id);
	memcpy(d->lease, kept, sizeof(kept));
	d->lease_end = d->loop.now_ms + seconds * 1000;
	/* What the others hold would stay held: their releases do not count. */
	for (struct viewer *v = d->viewers; v && kept[0]; v = v->next)
		if (strcmp(v->id, kept) != 0)
			input_release(v);
}

/* Something happened there; desk_turn() sees to it. */
static void on_screen(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

static void lose_screen(struct desk *d, const struct err *e)
{
	say_warn("%s; waiting for it", e->msg);
	d->is_up = false;
	d->x.fd = -1; /* closed with the connection */
	d->screen.ops->close(&d->screen);
	d->retry = d->loop.now_ms;
	d->tries = 0;
	for (struct viewer *v = d->viewers; v; v = v->next)
		v->n_held = v->buttons = 0;
}

static void know_size(struct desk *d)
{
	if (d->resizes == d->screen.resizes)
		return;
	d->resizes = d->screen.resizes;
	encode_size(d);
}

/* At the first time it becomes as large as was wanted; an X server begins with its largest size. */
static void begin_size(struct desk *d)
{
	struct err e = {0};

	if (d->want_width == 0)
		return;
	if (d->screen.ops->resize(&d->screen, d->want_width, d->want_height, &e) < 0)
		say_warn("%s", e.msg);
	d->want_width = 0;
}

static void find_screen(struct desk *d)
{
	struct err e = {0};

	if (d->is_up || d->loop.now_ms < d->retry)
		return;
	if (d->screen.ops->open(&d->screen, &e) < 0) {
		if (d->tries++ == 0)
			say_warn("%s; waiting for it", e.msg);
		d->retry = d->loop.now_ms + (d->tries < 50 ? RETRY_MS : RETRY_MAX);
		return;
	}
	d->x = (struct watch){.fd = d->screen.ops->fd(&d->screen), .fn = on_screen, .arg = d};
	if (loop_add(&d->loop, &d->x, EPOLLIN) < 0) {
		d->screen.ops->close(&d->screen);
		d->retry = d->loop.now_ms + RETRY_MAX;
		return;
	}
	d->is_up = true;
	begin_size(d);
}

int desk_look(struct desk *d, struct err *e)
{
	struct screen *s = &d->screen;
	int r;

	if (!d->is_up)
		return -ENOTCONN;
	r = s->ops->look(s, e);
	if (r < 0)
		return r;
	know_size(d);
	encode_pixels(d);
	encode_cursor(d);
	encode_pointer(d);
	acts_damage(&d->acts, s->damage, s->n_damage, d->loop.now_ms);
	d->looked = d->loop.now_ms;
	d->was_up = true;
	return 0;
}

int desk_resize(struct desk *d, int width, int height, struct err *e)
{
	if (!d->is_up)
		return err_set(e, ENOTCONN, "there is no screen at the moment");
	if (width < SCREEN_MIN || height < SCREEN_MIN || width > SCREEN_MAX_WIDTH ||
	    height > SCREEN_MAX_HEIGHT)
		return err_set(e, ERANGE, "a screen is from %dx%d to %dx%d", SCREEN_MIN, SCREEN_MIN,
			       SCREEN_MAX_WIDTH, SCREEN_MAX_HEIGHT);
	if (d->loop.now_ms < d->resized + RESIZE_MS) {
		d->next_width = width;
		d->next_height = height;
		return 0;
	}
	d->next_width = 0;
	d->resized = d->loop.now_ms;
	return d->screen.ops->resize(&d->screen, width, height, e);
}

static int soonest(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int until(uint64_t then, uint64_t now)
{
	return then > now ? (int)(then - now) : 0;
}

/* What the screen has to say, and what is due there; when it is again. */
static int serve_screen(struct desk *d)
{
	struct screen *s = &d->screen;
	struct err e = {0};
	int due;

	find_screen(d);
	if (!d->is_up)
		return until(d->retry, d->loop.now_ms);
	if (s->ops->dispatch(s, &e) < 0)
		goto lost;
	if (s->is_stale && d->loop.now_ms >= d->looked + FRAME_MS) {
		if (desk_look(d, &e) < 0 || s->ops->dispatch(s, &e) < 0)
			goto lost;
	}
	due = s->ops->tick(s, d->loop.now_ms);
	if (d->next_width > 0) {
		if (d->loop.now_ms >= d->resized + RESIZE_MS)
			desk_resize(d, d->next_width, d->next_height, &e);
		else
			due = soonest(due, until(d->resized + RESIZE_MS, d->loop.now_ms));
	}
	return s->is_stale ? soonest(due, until(d->looked + FRAME_MS, d->loop.now_ms)) : due;
lost:
	lose_screen(d, &e);
	return 0;
}

/* Reaping may find out, too: it is done until nothing is left of it. */
static int serve_viewers(struct desk *d)
{
	int due;

	greets_reap(d);
	controls_reap(d);
	due = encode_update(d, d->loop.now_ms);
	viewers_reap(d);
	return d->greets || d->viewers ? soonest(due, 1000) : due;
}

int desk_run(struct desk *d, struct err *e)
{
	int r = 0;

	while (!d->loop.stop && r == 0) {
		int due = serve_screen(d);

		due = soonest(due, serve_viewers(d));
		due = soonest(due, agents_run(d));
		if (d->lease[0] && !desk_is_leased(d, d->loop.now_ms))
			desk_lease(d, "", 0);
		r = loop_turn(&d->loop, due, e);
	}
	return r;
}

int desk_init(struct desk *d, struct err *e)
{
	int r;

	d->listen.fd = d->x.fd = d->agent_listen.fd = -1;
	r = loop_init(&d->loop, e);
	return r < 0 ? r : encode_init(d, e);
}

void desk_close(struct desk *d)
{
	for (struct viewer *v = d->viewers; v; v = v->next)
		viewer_end(v);
	viewers_reap(d);
	if (d->screen.ops)
		d->screen.ops->close(&d->screen);
}

void desk_finish(struct desk *d)
{
	desk_close(d);
	encode_finish(d);
	screen_finish(&d->screen);
	buf_finish(&d->clip);
}
