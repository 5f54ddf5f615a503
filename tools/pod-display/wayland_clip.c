/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clipboard, by wlr-data-control.  Text goes through pipes whose other end is any program's:
 * none is waited for, each has its time, and what is too long is nobody's.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <wayland-client.h>

#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "protocols/wlr-data-control-unstable-v1.h"
#include "tools/pod-display/wayland.h"

#define UTF8    "text/plain;charset=utf-8"
#define TIME_MS 5000 /* for the other end of a pipe */

/* --- another's --- */

static void stop_reading(struct wayland *w)
{
	struct wayland_clip *c = &w->clip;

	if (c->from < 0)
		return;
	wayland_unwatch(w, c->from);
	close(take_fd(&c->from));
	buf_clear(&c->in);
}

static void on_type(void *data, struct zwlr_data_control_offer_v1 *offer, const char *type)
{
	struct wayland *w = data;

	(void)offer;
	w->clip.has_utf8 |= strcmp(type, UTF8) == 0;
}

static const struct zwlr_data_control_offer_v1_listener offer_listener = {on_type};

static void drop_offer(struct wayland *w)
{
	if (w->clip.offered)
		zwlr_data_control_offer_v1_destroy(w->clip.offered);
	w->clip.offered = NULL;
}

static void on_offer(void *data, struct zwlr_data_control_device_v1 *device,
		     struct zwlr_data_control_offer_v1 *offer)
{
	struct wayland *w = data;

	(void)device;
	drop_offer(w);
	w->clip.offered = offer;
	w->clip.has_utf8 = false;
	zwlr_data_control_offer_v1_add_listener(offer, &offer_listener, w);
}

static void begin_reading(struct wayland *w)
{
	struct wayland_clip *c = &w->clip;
	int ends[2];

	stop_reading(w);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	zwlr_data_control_offer_v1_receive(c->offered, UTF8, ends[1]);
	wl_display_flush(w->display); /* it goes with the message: ours can be closed then */
	close(ends[1]);
	c->from = ends[0];
	c->until = (uint64_t)clock_ms() + TIME_MS;
	wayland_watch(w, c->from, EPOLLIN);
}

static void on_selection(void *data, struct zwlr_data_control_device_v1 *device,
			 struct zwlr_data_control_offer_v1 *offer)
{
	struct wayland *w = data;

	(void)device;
	/* What we offer ourselves comes back as an offer, too. */
	if (offer && offer == w->clip.offered && w->clip.has_utf8 && !w->clip.source &&
	    w->s->on_clipboard)
		begin_reading(w);
	drop_offer(w);
}

static void on_finished(void *data, struct zwlr_data_control_device_v1 *device)
{
	(void)data;
	(void)device;
}

static void on_primary(void *data, struct zwlr_data_control_device_v1 *device,
		       struct zwlr_data_control_offer_v1 *offer)
{
	(void)device;
	(void)offer;
	drop_offer(data);
}

static const struct zwlr_data_control_device_v1_listener device_listener = {
	.data_offer = on_offer,
	.selection = on_selection,
	.finished = on_finished,
	.primary_selection = on_primary,
};

static void read_more(struct wayland *w)
{
	struct wayland_clip *c = &w->clip;
	char data[65536];
	ssize_t n;

	for (n = 1; n > 0 && c->in.len <= CLIPBOARD_MAX;) {
		n = read(c->from, data, sizeof(data));
		if (n > 0)
			buf_add(&c->in, data, (size_t)n);
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (n == 0 && c->in.len > 0 && utf8_valid(c->in.data, c->in.len))
		w->s->on_clipboard(w->s->arg, c->in.data, c->in.len);
	stop_reading(w);
}

/* --- ours --- */

static void stop_sending(struct wayland *w, struct wayland_send *s)
{
	wayland_unwatch(w, s->fd);
	close(take_fd(&s->fd));
	buf_clear(&s->text);
}

static void on_send(void *data, struct zwlr_data_control_source_v1 *source, const char *type,
		    int32_t fd)
{
	struct wayland *w = data;
	int i = 0;

	(void)type;
	while (i < WAYLAND_SENDS && w->clip.sends[i].fd >= 0)
		i++;
	/* Who asks so often at a time that there is no place for it gets nothing. */
	if (source != w->clip.source || i == WAYLAND_SENDS || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		return;
	}
	w->clip.sends[i].fd = fd;
	w->clip.sends[i].sent = 0;
	w->clip.sends[i].until = (uint64_t)clock_ms() + TIME_MS;
	buf_add(&w->clip.sends[i].text, w->clip.own.data, w->clip.own.len);
	wayland_watch(w, fd, EPOLLOUT);
}

static void on_cancelled(void *data, struct zwlr_data_control_source_v1 *source)
{
	struct wayland *w = data;

	if (source == w->clip.source)
		w->clip.source = NULL;
	zwlr_data_control_source_v1_destroy(source);
}

static const struct zwlr_data_control_source_v1_listener source_listener = {on_send, on_cancelled};

static void write_more(struct wayland *w, struct wayland_send *s)
{
	ssize_t n = write(s->fd, s->text.data + s->sent, s->text.len - s->sent);

	if (n < 0 && errno == EAGAIN)
		return;
	s->sent += n > 0 ? (size_t)n : 0;
	if (n <= 0 || s->sent == s->text.len)
		stop_sending(w, s);
}

int wayland_set_clipboard(struct screen *s, const char *text, size_t len)
{
	static const char *const types[] = {UTF8, "text/plain", "UTF8_STRING", "STRING", "TEXT"};
	struct wayland *w = s->priv;
	struct wayland_clip *c = &w->clip;
	struct zwlr_data_control_source_v1 *before = c->source;

	if (!w->display)
		return -ENOTCONN;
	if (!c->device)
		return -ENOTSUP;
	if (len > CLIPBOARD_MAX || !utf8_valid(text, len))
		return -EINVAL;
	buf_clear(&c->own);
	buf_add(&c->own, text, len);
	c->source = zwlr_data_control_manager_v1_create_data_source(c->manager);
	zwlr_data_control_source_v1_add_listener(c->source, &source_listener, w);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		zwlr_data_control_source_v1_offer(c->source, types[i]);
	zwlr_data_control_device_v1_set_selection(c->device, c->source);
	if (before)
		zwlr_data_control_source_v1_destroy(before);
	wl_display_flush(w->display);
	return 0;
}

/* --- the backend's --- */

void wayland_clip_open(struct wayland *w)
{
	struct wayland_clip *c = &w->clip;

	if (!c->manager)
		return;
	c->device = zwlr_data_control_manager_v1_get_data_device(c->manager, w->seat);
	zwlr_data_control_device_v1_add_listener(c->device, &device_listener, w);
}

void wayland_clip_close(struct wayland *w)
{
	struct wayland_clip *c = &w->clip;

	stop_reading(w);
	for (int i = 0; i < WAYLAND_SENDS; i++) {
		if (c->sends[i].fd >= 0)
			stop_sending(w, &c->sends[i]);
		buf_finish(&c->sends[i].text);
	}
	drop_offer(w);
	if (c->source)
		zwlr_data_control_source_v1_destroy(c->source);
	if (c->device)
		zwlr_data_control_device_v1_destroy(c->device);
	c->source = NULL;
	c->device = NULL;
}

/* Who is slower than TIME_MS gets no more, and is heard no more. */
void wayland_clip_turn(struct wayland *w, uint64_t now)
{
	struct wayland_clip *c = &w->clip;

	if (c->from >= 0)
		read_more(w);
	if (c->from >= 0 && now > c->until)
		stop_reading(w);
	for (int i = 0; i < WAYLAND_SENDS; i++) {
		if (c->sends[i].fd >= 0)
			write_more(w, &c->sends[i]);
		if (c->sends[i].fd >= 0 && now > c->sends[i].until)
			stop_sending(w, &c->sends[i]);
	}
}

int wayland_clip_tick(struct wayland *w, uint64_t now)
{
	bool busy = w->clip.from >= 0;

	(void)now;
	for (int i = 0; i < WAYLAND_SENDS; i++)
		busy |= w->clip.sends[i].fd >= 0;
	if (busy)
		wayland_clip_turn(w, (uint64_t)clock_ms());
	return busy ? 1000 : -1;
}
