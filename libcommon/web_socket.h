/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSockets (RFC 6455) of a front: wslay's framing, behind a look at each frame's head that wslay
 * does not take, or late (clients must mask; lengths).  Binary messages alone, passed on in pieces
 * as they come; no extension is ever agreed to.  A socket lives as long as its request.
 */
#ifndef LIBCOMMON_WEB_SOCKET_H
#define LIBCOMMON_WEB_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/web.h"

#define WEB_FRAME_MAX (1u << 20) /* bytes of one frame that a client sends */

/* Codes of a closing (RFC 6455, 7.4.1). */
enum web_close {
	WEB_CLOSE_DONE = 1000,
	WEB_CLOSE_AWAY = 1001,
	WEB_CLOSE_PROTOCOL = 1002,
	WEB_CLOSE_KIND = 1003,
	WEB_CLOSE_POLICY = 1008,
	WEB_CLOSE_SIZE = 1009,
	WEB_CLOSE_FAILED = 1011,
	WEB_CLOSE_LATER = 1013,
};

struct web_socket_ops {
	/* The client has been told 101: now it can be sent to. */
	void (*opened)(void *arg);
	/* A piece of what it sends. */
	void (*data)(void *arg, const uint8_t *data, size_t len);
	/* May 4096 more bytes come?  web_socket_pull() once they may again. */
	bool (*has_room)(void *arg);
	/* Some of what waits has gone out. */
	void (*sent)(void *arg);
};

/*
 * Answer a request whose route wants WEB_SOCKET.  From then on q->socket is the socket; the route's
 * finish() is its end.
 */
void web_socket_accept(struct web_request *q, const struct web_socket_ops *ops, void *arg);
/* One binary message.  False: it is closing or closed. */
bool web_socket_send(struct web_socket *s, const void *data, size_t len);
/* Bytes that wait to go out. */
size_t web_socket_waiting(const struct web_socket *s);
/* Say why, and end it within two seconds. */
void web_socket_close(struct web_socket *s, enum web_close code);
bool web_socket_is_open(const struct web_socket *s);
void web_socket_pull(struct web_socket *s);

/* What web.c calls. */
void web_socket_cut(struct web_socket *s);
void web_socket_tick(struct web_socket *s, uint64_t now_ms);
void web_socket_free(struct web_socket *s);

/*
 * The heads of a stream of frames, as its bytes pass in pieces of any size: -EPROTO at a frame that
 * is not masked, -EMSGSIZE at one of more than WEB_FRAME_MAX.
 */
struct web_heads {
	uint8_t head[14];
	unsigned have;
	uint64_t skip; /* bytes of the payload that are still to come */
};
int web_heads_take(struct web_heads *h, const uint8_t *data, size_t len);

/* What Sec-WebSocket-Accept has to be for a key. */
void web_socket_key(const char *key, char out[32]);

#endif
