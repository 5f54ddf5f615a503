/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec of clients that speak HTTP/2.  nghttp2 calls back while it reads and while it writes;
 * both happen in h2_run() alone.  Windows are given back as the servers take what came, so that
 * nobody holds more of a connection than they are wide.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/h2.h"
#include "tools/pod-proxy/text.h"

#define STEPS 16 /* pieces in one turn */

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2 *h2 = arg;

	(void)ng;
	return h2_link_frame(&h2->link, hd);
}

/* --- requests --- */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h2 = arg;

	if (f->hd.type != NGHTTP2_HEADERS || f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	return nghttp2_session_set_stream_user_data(ng, f->hd.stream_id,
						    h2_stream_new(h2, f->hd.stream_id));
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *arg)
{
	struct h2_stream *st = nghttp2_session_get_stream_user_data(ng, f->hd.stream_id);

	struct text n = {(const char *)name, name_len}, v = {(const char *)value, len};
	int r;

	(void)flags;
	(void)arg;
	if (!st)
		return 0;
	r = st->has_head ? h2_trailer(&st->trailers, n, v) : h2_field(st, n, v);
	return r < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2_stream *st = nghttp2_session_get_stream_user_data(ng, f->hd.stream_id);
	bool end = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct h2 *h2 = arg;

	if (!st || (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA))
		return 0;
	st->ended |= end;
	if (f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST) {
		if (h2_request(st, end) < 0)
			return nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, st->id,
							 NGHTTP2_PROTOCOL_ERROR);
		st->told = end;
		st->x = exchange_begin(h2->s, st, &st->head, end);
		return 0;
	}
	h2_stream_feed(st);
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		   void *arg)
{
	struct h2_stream *st = nghttp2_session_get_stream_user_data(ng, id);

	(void)flags;
	(void)arg;
	if (!st)
		return nghttp2_session_consume(ng, id, len);
	h2_stream_take(st, (const char *)data, len);
	return 0;
}

static int on_sent(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h2 = arg;

	/* To make us reset streams is no less of a flood. */
	(void)ng;
	if (f->hd.type == NGHTTP2_RST_STREAM && f->rst_stream.error_code != NGHTTP2_NO_ERROR)
		return h2_link_reset(&h2->link);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t why, void *arg)
{
	struct h2_stream *st = nghttp2_session_get_stream_user_data(ng, id);

	(void)why;
	(void)arg;
	if (!st)
		return 0;
	if (st->x)
		exchange_cancel(st->x);
	nghttp2_session_consume_connection(ng, st->owed);
	nghttp2_session_set_stream_user_data(ng, id, NULL);
	h2_stream_free(st);
	return 0;
}

/* --- life --- */

static nghttp2_session_callbacks *callbacks(void)
{
	nghttp2_session_callbacks *c = NULL;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
	return c;
}

static int session_new(struct h2 *h2)
{
	nghttp2_session_callbacks *c = callbacks();
	nghttp2_option *o = h2_link_options();
	int r = -1;

	if (c && o)
		r = nghttp2_session_server_new2(&h2->link.ng, c, h2, o);
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(c);
	return r == 0 ? 0 : -ENOMEM;
}

static int h2_open(struct session *s)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
	};
	struct h2 *h2 = xcalloc(1, sizeof(*h2));

	h2->s = s;
	h2->link = (struct h2_link){.wire = &s->wire, .loop = &s->in->loop};
	s->codec_state = h2;
	if (session_new(h2) < 0 ||
	    nghttp2_submit_settings(h2->link.ng, NGHTTP2_FLAG_NONE, settings,
				    sizeof(settings) / sizeof(settings[0])) != 0 ||
	    nghttp2_session_set_local_window_size(h2->link.ng, NGHTTP2_FLAG_NONE, 0, H2_WINDOWS) !=
		    0)
		return -ENOMEM;
	return 0;
}

static void h2_close(struct session *s)
{
	struct h2 *h2 = s->codec_state;

	if (!h2)
		return;
	nghttp2_session_del(h2->link.ng);
	h2->link.ng = NULL;
	while (h2->streams)
		h2_stream_free(h2->streams);
	free(h2);
	s->codec_state = NULL;
}

static void h2_drain(struct session *s)
{
	struct h2 *h2 = s->codec_state;

	if (h2->leaving)
		return;
	h2->leaving = true;
	nghttp2_submit_goaway(h2->link.ng, NGHTTP2_FLAG_NONE,
			      nghttp2_session_get_last_proc_stream_id(h2->link.ng),
			      NGHTTP2_NO_ERROR, NULL, 0);
	session_enqueue(s);
}

static bool h2_is_idle(const struct session *s)
{
	const struct h2 *h2 = s->codec_state;

	return !h2->streams;
}

/* --- a turn --- */

/* 1: something came.  0: nothing, or it has to wait until what we say is written. */
static int receive(struct session *s, struct h2 *h2)
{
	int r;

	if (wire_room(&s->wire) < H2_FRAME)
		return 0;
	r = h2_link_receive(&h2->link);
	if (r == -ENODATA && !h2->streams) {
		session_linger(s);
		return 1;
	}
	return r == -ENODATA ? -ECONNRESET : r;
}

static int h2_run(struct session *s)
{
	struct h2 *h2 = s->codec_state;
	int did = 0, r = 1, x;

	if (s->state == SESSION_LINGER)
		return 0;
	if (s->draining)
		h2_drain(s);
	for (unsigned n = 0; r > 0 && n < STEPS && !h2->link.dead; n++) {
		r = receive(s, h2);
		did |= r > 0;
	}
	for (struct h2_stream *st = h2->streams; st; st = st->next)
		h2_stream_feed(st);
	if (r < 0 && r != -EPROTO)
		return r;
	if (s->state == SESSION_LINGER)
		return did;
	x = h2_link_send(&h2->link);
	if (r < 0 || x < 0 || h2->link.dead)
		return x < 0 ? x : -EPROTO;
	did |= x;
	if (!nghttp2_session_want_read(h2->link.ng) && !nghttp2_session_want_write(h2->link.ng)) {
		session_linger(s);
		return 1;
	}
	return did;
}

const struct codec codec_h2 = {
	.name = "h2",
	.open = h2_open,
	.run = h2_run,
	.drain = h2_drain,
	.is_idle = h2_is_idle,
	.close = h2_close,
	.head = h2_head,
	.room = h2_room,
	.data = h2_data,
	.end = h2_end,
	.reset = h2_reset,
	.consumed = h2_consumed,
	.unseen = true,
};
