/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's bytes, with or without TLS, never blocking. */
#ifndef POD_PROXY_WIRE_H
#define POD_PROXY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcommon/loop.h"

#define WIRE_OUT  65536 /* bytes that wait to be written, before whoever makes them has to wait */
#define WIRE_KEPT (1u << 20) /* of room for what waits, between requests */

struct counters;
struct ssl_st;
struct ssl_ctx_st;

struct wire {
	struct watch watch;        /* edge-triggered: */
	bool readable, writable;   /* what the kernel said last */
	bool hung;                 /* there is an end: also a short read was not the last one */
	bool gone;                 /* both ways have ended, or it was reset */
	bool shut;                 /* wire_shutdown() was called */
	struct ssl_st *ssl;        /* NULL: plain */
	struct counters *counters; /* of the pod: what it says is up; NULL: not its side */
	char *early;               /* bytes that somebody else has read from the socket */
	size_t early_at, early_len;
	char *out; /* still to be written: from `at` to `len` */
	size_t at, len, size;
	uint64_t wrote;  /* bytes that the kernel took */
	char error[160]; /* of TLS, after -EPROTO */
};

/* Once, before lock-down; -errno with e set. */
int wire_prepare(struct err *e);
/* A connected (or connecting) socket; fn is called with each event.  fd is w's, also on failure.
 * -errno. */
int wire_open(struct wire *w, struct loop *l, int fd, void (*fn)(void *, uint32_t), void *arg);
/* These bytes come first, as if they stood in the socket. */
void wire_unread(struct wire *w, const char *data, size_t len);
/* Speak TLS from now on; -ENOMEM. */
int wire_tls(struct wire *w, struct ssl_ctx_st *ctx, bool server);
/* First thing in fn. */
void wire_note(struct wire *w, uint32_t events);

/* 0: done.  -EAGAIN.  -EPROTO, error says why. */
int wire_handshake(struct wire *w);
/* Bytes; 0: the other side has ended, in due form; -EAGAIN; -EPROTO: broken, or cut off. */
ssize_t wire_read(struct wire *w, void *data, size_t len);
/* How much more it should be given now; wire_add() takes more all the same. */
size_t wire_room(const struct wire *w);
void wire_add(struct wire *w, const void *data, size_t len);
/* 0: all is written.  -EAGAIN.  -EPIPE. */
int wire_flush(struct wire *w);
/* After everything was flushed: say that no more comes. */
void wire_shutdown(struct wire *w);
/* The other side shall see a reset. */
void wire_abort(struct wire *w);
void wire_finish(struct wire *w, struct loop *l);

#endif
