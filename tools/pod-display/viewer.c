/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One who looks: RFB 3.8, security type None, because whoever handed in the socket has seen to who
 * may come.  Whole messages are taken apart here; the encoder sees those that concern encodings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "libcommon/say.h"
#include "tools/pod-display/viewer.h"

#define PIECE 16384 /* bytes that are read of one viewer before others have their turn */
/* What may wait for it: the largest screen without any compression, and a clipboard or two. */
#define OUT_MAX  ((size_t)SCREEN_MAX_WIDTH * SCREEN_MAX_HEIGHT * 4 + (8u << 20))
#define KEEP     (256u << 10) /* of a queue's memory when it is empty */
#define HELLO_MS 20000        /* for the handshake */

struct viewer *viewer_find(struct desk *d, const char *id)
{
	for (struct viewer *v = d->viewers; v; v = v->next)
		if (v->state != VIEWER_GONE && strcmp(v->id, id) == 0)
			return v;
	return NULL;
}

void viewer_end(struct viewer *v)
{
	if (v->state == VIEWER_GONE)
		return;
	input_release(v);
	v->state = VIEWER_GONE;
	if (strcmp(v->desk->lease, v->id) == 0)
		desk_lease(v->desk, "", 0);
}

static void flush_out(struct viewer *v)
{
	while (v->sent < v->out.len) {
		ssize_t n =
			send(v->w.fd, v->out.data + v->sent, v->out.len - v->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			viewer_end(v);
			return;
		}
		v->sent += (size_t)n;
		v->moved = v->desk->loop.now_ms;
	}
	if (v->sent == v->out.len) {
		buf_clear(&v->out);
		v->sent = 0;
		if (v->out.cap > KEEP)
			buf_finish(&v->out);
	}
	loop_change(&v->desk->loop, &v->w, EPOLLIN | (v->out.len ? EPOLLOUT : 0));
}

int viewer_send(struct viewer *v, const void *data, size_t len)
{
	if (v->state == VIEWER_GONE)
		return -EPIPE;
	if (v->out.len - v->sent + len > OUT_MAX) {
		viewer_end(v);
		return -ENOBUFS;
	}
	buf_add(&v->out, data, len);
	return 0;
}

void viewer_greet(struct viewer *v)
{
	const struct screen *s = &v->desk->screen;
	static const char name[] = "pod";
	uint8_t init[24 + sizeof(name) - 1] = {0};

	if (encode_add(v) < 0) {
		viewer_end(v);
		return;
	}
	put16(init, (unsigned)s->width);
	put16(init + 2, (unsigned)s->height);
	init[4] = 32; /* bits of a pixel, of which 24 are colour, in our order */
	init[5] = 24;
	init[7] = 1;
	put16(init + 8, 255);
	put16(init + 10, 255);
	put16(init + 12, 255);
	init[14] = 16;
	init[15] = 8;
	put32(init + 20, sizeof(name) - 1);
	memcpy(init + 24, name, sizeof(name) - 1);
	v->state = VIEWER_NORMAL;
	viewer_send(v, init, sizeof(init));
	flush_out(v);
}

static long take_version(struct viewer *v, const uint8_t *p, size_t len)
{
	if (len < RFB_VERSION_SIZE)
		return 0;
	if (!rfb_version_ok(p))
		return -EPROTO;
	v->state = VIEWER_SECURITY;
	viewer_send(v, "\1\1", 2);
	return RFB_VERSION_SIZE;
}

static long take_security(struct viewer *v, const uint8_t *p, size_t len)
{
	(void)len;
	if (*p != 1)
		return -EPROTO;
	v->state = VIEWER_INIT;
	viewer_send(v, "\0\0\0\0", 4);
	return 1;
}

static long take_init(struct viewer *v, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	v->state = VIEWER_WAIT;
	if (v->desk->was_up)
		viewer_greet(v);
	return 1;
}

static int take_encodings(struct viewer *v, const struct rfb_message *m)
{
	uint8_t ours[RFB_ENCODINGS_SIZE];
	bool has_clipboard;
	size_t n = rfb_encodings(m, ours, &has_clipboard);
	int r = encode_feed(v, ours, n);

	if (r == 0 && has_clipboard)
		cut_welcome(v);
	return r;
}

static void take_size(struct viewer *v, const struct rfb_message *m)
{
	struct err e = {0};
	bool is_granted = input_allowed(v) && desk_resize(v->desk, m->width, m->height, &e) == 0;

	encode_size_asked(v, is_granted);
}

static long take_message(struct viewer *v, const uint8_t *p, size_t len)
{
	struct rfb_message m;
	long n = rfb_next(&m, p, len);
	int r = 0;

	if (n <= 0)
		return n;
	switch (m.type) {
	case RFB_PIXEL_FORMAT:
	case RFB_REQUEST:
		r = encode_feed(v, m.data, m.len);
		break;
	case RFB_SET_ENCODINGS:
		r = take_encodings(v, &m);
		break;
	case RFB_KEY:
		input_key(v, m.keysym, m.down);
		break;
	case RFB_POINTER:
		input_pointer(v, m.x, m.y, m.buttons);
		break;
	case RFB_CUT:
		cut_message(v, &m);
		break;
	case RFB_SET_SIZE:
		take_size(v, &m);
		break;
	}
	return r < 0 ? r : n;
}

static long (*const take[])(struct viewer *, const uint8_t *, size_t) = {
	[VIEWER_VERSION] = take_version,
	[VIEWER_SECURITY] = take_security,
	[VIEWER_INIT] = take_init,
	[VIEWER_NORMAL] = take_message,
};

static void take_all(struct viewer *v)
{
	size_t at = 0;

	while (at < v->in.len && v->state != VIEWER_GONE && v->state != VIEWER_WAIT) {
		long n = take[v->state](v, (const uint8_t *)v->in.data + at, v->in.len - at);

		if (n < 0)
			viewer_end(v);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	if (at > 0) {
		v->in.len -= at;
		memmove(v->in.data, v->in.data + at, v->in.len);
	}
	if (v->in.len == 0 && v->in.cap > KEEP)
		buf_finish(&v->in);
}

static void on_viewer(void *arg, uint32_t events)
{
	struct viewer *v = arg;
	static char piece[PIECE];
	ssize_t n;

	if (v->state == VIEWER_GONE)
		return;
	if (events & EPOLLOUT)
		flush_out(v);
	if (!(events & ~(uint32_t)EPOLLOUT) || v->state == VIEWER_GONE)
		return;
	/* While it waits for a screen nothing of it is due; the most that a message may have. */
	n = v->in.len > RFB_CUT_MAX + 2 * PIECE ? 0 : recv(v->w.fd, piece, sizeof(piece), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		viewer_end(v);
		return;
	}
	buf_add(&v->in, piece, (size_t)n);
	take_all(v);
	if (v->state != VIEWER_GONE && v->out.len > 0)
		flush_out(v);
}

int viewer_new(struct desk *d, int fd, const char *id, bool is_view, const struct buf *rest)
{
	struct viewer *v;

	if (d->n_viewers == VIEWERS_MAX || viewer_find(d, id))
		return -EBUSY;
	v = xcalloc(1, sizeof(*v));
	*v = (struct viewer){
		.next = d->viewers,
		.desk = d,
		.w = {.fd = fd, .fn = on_viewer, .arg = v},
		.is_view = is_view,
		.since = d->loop.now_ms,
		.x = -1,
	};
	snprintf(v->id, sizeof(v->id), "%s", id);
	if (loop_add(&d->loop, &v->w, EPOLLIN) < 0) {
		free(v);
		return -ENOMEM;
	}
	d->viewers = v;
	d->n_viewers++;
	viewer_send(v, RFB_VERSION, RFB_VERSION_SIZE);
	buf_add(&v->in, rest->data, rest->len);
	flush_out(v);
	take_all(v);
	return 0;
}

static void viewer_free(struct viewer *v)
{
	encode_remove(v);
	loop_remove_shared(&v->desk->loop, &v->w);
	buf_finish(&v->in);
	buf_finish(&v->out);
	free(v);
}

void viewers_reap(struct desk *d)
{
	struct viewer **at = &d->viewers, *v;

	while ((v = *at)) {
		if (v->state < VIEWER_WAIT && d->loop.now_ms > v->since + HELLO_MS)
			viewer_end(v);
		if (v->state == VIEWER_GONE) {
			*at = v->next;
			d->n_viewers--;
			viewer_free(v);
			continue;
		}
		if (v->state == VIEWER_WAIT && d->was_up) {
			viewer_greet(v);
			take_all(v);
		}
		if (v->state != VIEWER_GONE && v->out.len > v->sent)
			flush_out(v);
		at = &v->next;
	}
}
