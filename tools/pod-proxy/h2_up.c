/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to servers that speak HTTP/2.  nghttp2 calls back in h2_up_run() alone; what comes is
 * kept with its call, and the exchange is woken, which takes it in its turn: windows are given back
 * then, so that a call never holds more than one.
 */
#include "tools/pod-proxy/h2_up.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STEPS  16    /* pieces in one turn */
#define ACK_MS 30000 /* for the server's kernel to take what was sent: then it is gone */

/* --- memory: credentials pass through nghttp2's, which is wiped as ours is --- */

static void wipe_free(void *p, void *arg)
{
	(void)arg;
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *wipe_malloc(size_t size, void *arg)
{
	(void)arg;
	return malloc(size);
}

static void *wipe_calloc(size_t n, size_t size, void *arg)
{
	(void)arg;
	return calloc(n, size);
}

static void *wipe_realloc(void *p, size_t size, void *arg)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *q;

	if (p && size <= had)
		return p;
	q = malloc(size);
	if (!q)
		return NULL;
	if (had)
		memcpy(q, p, had < size ? had : size);
	wipe_free(p, arg);
	return q;
}

static nghttp2_mem wiped = {NULL, wipe_malloc, wipe_free, wipe_calloc, wipe_realloc};

/* --- what comes --- */

static struct call *call_of(nghttp2_session *ng, int32_t id)
{
	return nghttp2_session_get_stream_user_data(ng, id);
}

static void wake(const struct call *c)
{
	c->u->of->wake(c->x);
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2_up *up = arg;

	(void)ng;
	return h2_link_frame(&up->link, hd);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *arg)
{
	struct text n = {(const char *)name, name_len}, v = {(const char *)value, len};
	struct call *c = call_of(ng, f->hd.stream_id);
	int r;

	(void)flags;
	(void)arg;
	if (!c)
		return 0;
	r = c->h2.final ? h2_trailer(&c->h2.trailers, n, v) : h2_answer_field(&c->h2.coming, n, v);
	c->h2.coming.bad |= r < 0;
	return r < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* A head is whole.  100 says nothing to the client, who has been told so by us. */
static int take_head(nghttp2_session *ng, struct call *c, bool end)
{
	struct h2_call *h = &c->h2;
	struct h2_answer *a = &h->coming;

	a->bad |= h2_answer_whole(a, end) < 0 ||
		  (a->head.status < 200 && ++h->interims > CALL_INTERIMS);
	if (a->bad)
		return nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, h->id,
						 NGHTTP2_PROTOCOL_ERROR);
	h->final = a->head.status >= 200;
	if (a->head.status == 100) {
		message_finish(&a->head);
	} else {
		h->heads = xrealloc(h->heads, (h->n_heads + 1) * sizeof(*h->heads));
		h->heads[h->n_heads++] = a->head;
	}
	*a = (struct h2_answer){0};
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2_up *up = arg;
	struct call *c = call_of(ng, f->hd.stream_id);
	bool end = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	int r = 0;

	if (f->hd.type == NGHTTP2_GOAWAY)
		up->u->unclean = true; /* those under way may go on */
	if (!c || (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA))
		return 0;
	if (f->hd.type == NGHTTP2_HEADERS && !c->h2.final)
		r = take_head(ng, c, end);
	c->h2.ended |= end && !c->h2.coming.bad;
	up->u->used = true;
	wake(c);
	return r;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		   void *arg)
{
	struct call *c = call_of(ng, id);

	(void)flags;
	(void)arg;
	if (!c)
		return nghttp2_session_consume(ng, id, len);
	h2_append(&c->h2.in, &c->h2.in_at, (const char *)data, len);
	wake(c);
	return 0;
}

static int on_sent(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct call *c = call_of(ng, f->hd.stream_id);

	(void)arg;
	if (c && f->hd.type == NGHTTP2_HEADERS)
		c->h2.sent = true;
	return 0;
}

static int on_not_sent(nghttp2_session *ng, const nghttp2_frame *f, int why, void *arg)
{
	struct call *c = call_of(ng, f->hd.stream_id);

	(void)why;
	(void)arg;
	if (c && f->hd.type == NGHTTP2_HEADERS && !c->h2.sent)
		c->h2.unseen = true;
	return 0;
}

/* Refused, or beyond the last one that a GOAWAY names: nothing was done with it (RFC 9113 8.7). */
static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t why, void *arg)
{
	struct call *c = call_of(ng, id);

	(void)arg;
	if (!c)
		return 0;
	c->h2.closed = true;
	c->h2.unseen |= why == NGHTTP2_REFUSED_STREAM && !c->h2.final && !c->h2.interims;
	/* Frames that make no message end it before they are shown to us. */
	c->h2.coming.bad |= !c->h2.ended && why == NGHTTP2_PROTOCOL_ERROR;
	wake(c);
	return 0;
}

/* --- life --- */

static nghttp2_session_callbacks *callbacks(void)
{
	nghttp2_session_callbacks *c = NULL;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c, on_not_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
	return c;
}

static int session_new(struct h2_up *up)
{
	nghttp2_session_callbacks *c = callbacks();
	nghttp2_option *o = h2_link_options();
	int r = -1;

	if (c && o)
		r = nghttp2_session_client_new3(&up->link.ng, c, up, o, &wiped);
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(c);
	return r == 0 ? 0 : -ENOMEM;
}

int h2_up_open(struct upstream *u)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
	};
	struct h2_up *up = xcalloc(1, sizeof(*up));
	unsigned wait = ACK_MS;

	u->h2 = up;
	up->u = u;
	up->link = (struct h2_link){.wire = &u->wire, .loop = u->of->loop};
	setsockopt(u->wire.watch.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &wait, sizeof(wait));
	/* One that is slow to be taken must not hold up the others: each may have its window. */
	if (session_new(up) < 0 ||
	    nghttp2_submit_settings(up->link.ng, NGHTTP2_FLAG_NONE, settings,
				    sizeof(settings) / sizeof(settings[0])) != 0 ||
	    nghttp2_session_set_local_window_size(up->link.ng, NGHTTP2_FLAG_NONE, 0,
						  H2_STREAMS * H2_WINDOW) != 0)
		return -ENOMEM;
	upstream_enqueue(u);
	return 0;
}

void h2_up_close(struct upstream *u)
{
	if (u->h2)
		nghttp2_session_del(u->h2->link.ng);
	free(u->h2);
	u->h2 = NULL;
}

bool h2_up_has_room(const struct upstream *u)
{
	nghttp2_session *ng = u->h2->link.ng;
	uint32_t most =
		nghttp2_session_get_remote_settings(ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	return !u->unclean && !u->h2->lost && !u->h2->link.dead && u->n_calls < H2_STREAMS &&
	       u->n_calls < most && nghttp2_session_check_request_allowed(ng);
}

void h2_up_leave(struct upstream *u)
{
	u->unclean = true;
	if (!u->h2->left)
		nghttp2_submit_goaway(u->h2->link.ng, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL,
				      0);
	u->h2->left = true;
	upstream_enqueue(u);
}

/* --- a turn --- */

static void lose(struct upstream *u)
{
	u->unclean = u->h2->lost = true;
	for (struct call *c = u->calls; c; c = c->next) {
		c->h2.closed = true;
		c->h2.unseen |= !c->h2.sent;
		wake(c);
	}
}

void h2_up_run(struct upstream *u)
{
	struct h2_link *l = &u->h2->link;
	int r = 1, x = 0;

	if (u->h2->lost)
		return;
	for (unsigned n = 0; r > 0 && n < STEPS && !l->dead; n++)
		r = h2_link_receive(l);
	if (r > 0)
		upstream_enqueue(u);
	if (r >= 0 || r == -EPROTO)
		x = h2_link_send(l);
	if (r < 0 || x < 0 || l->dead ||
	    (!nghttp2_session_want_read(l->ng) && !nghttp2_session_want_write(l->ng)))
		lose(u);
}
