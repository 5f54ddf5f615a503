/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/web_socket.h"

#include <errno.h>
#include <nettle/sha1.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#include "libcommon/buf.h"

#define GUID      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define TURN      (256 * 1024) /* bytes taken from one client before others have their turn */
#define PING_MS   20000
#define SILENT_MS 60000 /* not even an answer to a ping */
#define LEAVE_MS  2000

struct web_socket {
	struct web_request *q;
	const struct web_socket_ops *ops;
	void *arg;
	struct MHD_UpgradeResponseHandle *handle; /* NULL: not open yet, or no longer */
	struct watch w;
	wslay_event_context_ptr ctx;
	struct buf early; /* came behind the head, in the same packet */
	size_t early_at, taken;
	struct web_heads heads;
	bool is_data; /* the frame at hand carries some */
	bool is_full;
	int wrong;                               /* -errno of web_heads_take() */
	uint64_t heard_ms, pinged_ms, leaves_ms; /* leaves: closing since; 0: not */
};

int web_heads_take(struct web_heads *h, const uint8_t *data, size_t len)
{
	while (len > 0) {
		unsigned need = 2, size;

		if (h->skip > 0) {
			size_t n = h->skip < len ? (size_t)h->skip : len;

			h->skip -= n;
			data += n;
			len -= n;
			continue;
		}
		h->head[h->have++] = *data++;
		len--;
		if (h->have < 2)
			continue;
		if (!(h->head[1] & 0x80))
			return -EPROTO;
		size = h->head[1] & 0x7f;
		need += (size == 126 ? 2u : size == 127 ? 8u : 0u) + 4;
		if (h->have < need)
			continue;
		h->skip = size < 126 ? size : 0;
		for (unsigned i = 2; size >= 126 && i < need - 4; i++)
			h->skip = h->skip << 8 | h->head[i];
		if (h->skip > WEB_FRAME_MAX)
			return -EMSGSIZE;
		h->have = 0;
	}
	return 0;
}

void web_socket_key(const char *key, char out[32])
{
	struct sha1_ctx sha;
	uint8_t digest[SHA1_DIGEST_SIZE];

	sha1_init(&sha);
	sha1_update(&sha, strlen(key), (const uint8_t *)key);
	sha1_update(&sha, sizeof(GUID) - 1, (const uint8_t *)GUID);
	sha1_digest(&sha, sizeof(digest), digest);
	sodium_bin2base64(out, 32, digest, sizeof(digest), sodium_base64_VARIANT_ORIGINAL);
}

/* --- what wslay calls --- */

static ssize_t take_early(struct web_socket *s, uint8_t *out, size_t len)
{
	size_t n = s->early.len - s->early_at;

	n = n < len ? n : len;
	memcpy(out, s->early.data + s->early_at, n);
	s->early_at += n;
	if (s->early_at == s->early.len) {
		buf_clear(&s->early);
		s->early_at = 0;
	}
	return (ssize_t)n;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *out, size_t len, int flags, void *arg)
{
	struct web_socket *s = arg;
	ssize_t n;

	(void)flags;
	s->is_full = !s->ops->has_room(s->arg);
	if (s->is_full || s->taken >= TURN) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = s->early.len ? take_early(s, out, len) : recv(s->w.fd, out, len, 0);
	s->wrong = n > 0 ? web_heads_take(&s->heads, out, (size_t)n) : 0;
	if (n > 0 && s->wrong == 0) {
		s->taken += (size_t)n;
		s->heard_ms = s->q->web->loop->now_ms;
		return n;
	}
	wslay_event_set_error(ctx, s->wrong || (n < 0 && errno == EAGAIN)
					   ? WSLAY_ERR_WOULDBLOCK
					   : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	struct web_socket *s = arg;
	ssize_t n =
		send(s->w.fd, data, len, MSG_NOSIGNAL | (flags & WSLAY_MSG_MORE ? MSG_MORE : 0));

	if (n < 0)
		wslay_event_set_error(ctx, errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK
							   : WSLAY_ERR_CALLBACK_FAILURE);
	return n;
}

static void on_frame(wslay_event_context_ptr ctx,
		     const struct wslay_event_on_frame_recv_start_arg *f, void *arg)
{
	struct web_socket *s = arg;

	s->is_data = f->opcode <= WSLAY_BINARY_FRAME;
	if (f->opcode != WSLAY_TEXT_FRAME)
		return;
	s->is_data = false;
	wslay_event_shutdown_read(ctx);
	web_socket_close(s, WEB_CLOSE_KIND);
}

static void on_piece(wslay_event_context_ptr ctx,
		     const struct wslay_event_on_frame_recv_chunk_arg *c, void *arg)
{
	struct web_socket *s = arg;

	(void)ctx;
	if (s->is_data && !s->leaves_ms && c->data_length)
		s->ops->data(s->arg, c->data, c->data_length);
}

static const struct wslay_event_callbacks callbacks = {
	.recv_callback = on_recv,
	.send_callback = on_send,
	.on_frame_recv_start_callback = on_frame,
	.on_frame_recv_chunk_callback = on_piece,
};

/* --- its life --- */

void web_socket_cut(struct web_socket *s)
{
	struct MHD_UpgradeResponseHandle *handle = s->handle;

	if (!handle)
		return;
	s->handle = NULL;
	s->leaves_ms = 1;
	loop_forget(s->q->web->loop, &s->w);
	MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
	s->q->web->is_due = true;
}

void web_socket_free(struct web_socket *s)
{
	if (!s)
		return;
	web_socket_cut(s);
	if (s->ctx)
		wslay_event_context_free(s->ctx);
	buf_finish(&s->early);
	free(s);
}

/* What its epoll is to wait for; an end of what is not read is seen all the same. */
static void settle(struct web_socket *s)
{
	bool reads = wslay_event_want_read(s->ctx), writes = wslay_event_want_write(s->ctx);

	if (!reads && !writes)
		web_socket_cut(s);
	else
		loop_change(s->q->web->loop, &s->w,
			    (reads && !s->is_full ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0) |
				    EPOLLRDHUP);
}

static void flush(struct web_socket *s)
{
	if (s->handle && wslay_event_send(s->ctx) < 0)
		web_socket_cut(s);
}

static void take(struct web_socket *s)
{
	s->taken = 0;
	if (wslay_event_recv(s->ctx) < 0) {
		web_socket_cut(s);
	} else if (s->wrong) {
		wslay_event_shutdown_read(s->ctx);
		web_socket_close(s, s->wrong == -EMSGSIZE ? WEB_CLOSE_SIZE : WEB_CLOSE_PROTOCOL);
	}
}

static void on_event(void *arg, uint32_t events)
{
	struct web_socket *s = arg;
	size_t waited = web_socket_waiting(s);

	if (events & (EPOLLERR | EPOLLHUP)) {
		web_socket_cut(s);
		return;
	}
	if (events & EPOLLIN)
		take(s);
	flush(s);
	if (s->handle && (events & EPOLLRDHUP) && s->is_full)
		web_socket_cut(s);
	if (s->handle && waited > web_socket_waiting(s))
		s->ops->sent(s->arg);
	if (s->handle)
		settle(s);
}

static void on_upgrade(void *arg, struct MHD_Connection *mhd, void *state, const char *early,
		       size_t early_len, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct web_socket *s = arg;
	struct loop *l = s->q->web->loop;

	(void)mhd;
	(void)state;
	s->handle = handle;
	s->w = (struct watch){.fd = fd, .fn = on_event, .arg = s};
	s->heard_ms = s->pinged_ms = l->now_ms;
	web_take_time(s->q);
	if (wslay_event_context_server_init(&s->ctx, &callbacks, s) < 0) {
		s->w.fd = -1;
		web_socket_cut(s);
		return;
	}
	wslay_event_config_set_no_buffering(s->ctx, 1);
	wslay_event_config_set_max_recv_msg_length(s->ctx, WEB_FRAME_MAX);
	buf_add(&s->early, early, early_len);
	if (loop_add(l, &s->w, EPOLLIN | EPOLLRDHUP) < 0) {
		s->w.fd = -1;
		web_socket_cut(s);
		return;
	}
	s->ops->opened(s->arg);
	on_event(s, s->early.len ? EPOLLIN : 0);
}

void web_socket_accept(struct web_request *q, const struct web_socket_ops *ops, void *arg)
{
	const char *offered = q->head.value[WEB_PROTOCOL];
	struct web_socket *s = xcalloc(1, sizeof(*s));
	struct MHD_Response *r = MHD_create_response_for_upgrade(on_upgrade, s);
	char accept[32];

	s->q = q;
	s->ops = ops;
	s->arg = arg;
	s->w.fd = -1;
	q->socket = s;
	if (!r) {
		web_cut(q);
		return;
	}
	web_socket_key(q->head.value[WEB_KEY], accept);
	MHD_add_response_header(r, "Upgrade", "websocket");
	MHD_add_response_header(r, "Sec-WebSocket-Accept", accept);
	/* One that was not offered makes browsers leave. */
	if (offered && web_list_has(offered, "binary"))
		MHD_add_response_header(r, "Sec-WebSocket-Protocol", "binary");
	web_queue(q, MHD_HTTP_SWITCHING_PROTOCOLS, r, NULL);
}

bool web_socket_is_open(const struct web_socket *s)
{
	return s && s->handle && !s->leaves_ms;
}

bool web_socket_send(struct web_socket *s, const void *data, size_t len)
{
	const struct wslay_event_msg m = {WSLAY_BINARY_FRAME, data, len};

	if (!web_socket_is_open(s) || wslay_event_queue_msg(s->ctx, &m) < 0)
		return false;
	flush(s);
	if (s->handle)
		settle(s);
	return web_socket_is_open(s);
}

size_t web_socket_waiting(const struct web_socket *s)
{
	return s && s->ctx && s->handle ? wslay_event_get_queued_msg_length(s->ctx) : 0;
}

void web_socket_close(struct web_socket *s, enum web_close code)
{
	if (!web_socket_is_open(s))
		return;
	s->leaves_ms = s->q->web->loop->now_ms;
	if (wslay_event_queue_close(s->ctx, (uint16_t)code, NULL, 0) < 0)
		web_socket_cut(s);
	flush(s);
	if (s->handle)
		settle(s);
}

void web_socket_pull(struct web_socket *s)
{
	if (s && s->handle && s->is_full) {
		s->is_full = false;
		settle(s);
	}
}

void web_socket_tick(struct web_socket *s, uint64_t now_ms)
{
	const struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};

	if (!s->handle)
		return;
	if ((s->leaves_ms && now_ms - s->leaves_ms > LEAVE_MS) ||
	    (!s->is_full && now_ms - s->heard_ms > SILENT_MS)) {
		web_socket_cut(s);
		return;
	}
	if (s->leaves_ms || now_ms - s->pinged_ms < PING_MS)
		return;
	s->pinged_ms = now_ms;
	if (wslay_event_queue_msg(s->ctx, &ping) < 0)
		web_socket_cut(s);
	flush(s);
	if (s->handle)
		settle(s);
}
