/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL reads and writes through a BIO of our own, which yields what was read before TLS began,
 * and asks the kernel only where an event said so: what is already decrypted wakes no epoll, so
 * that nobody may wait for one before wire_read() has said -EAGAIN.
 */
#include "tools/pod-proxy/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/counters.h"

#define EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

static BIO_METHOD *method;

/* --- the socket --- */

static ssize_t socket_read(struct wire *w, void *data, size_t len)
{
	size_t early = w->early_len - w->early_at;
	ssize_t n;

	if (early) {
		early = early < len ? early : len;
		memcpy(data, w->early + w->early_at, early);
		w->early_at += early;
		counters_add(w->counters, COUNT_UP, early);
		return (ssize_t)early;
	}
	if (!w->readable)
		return -EAGAIN;
	do
		n = recv(w->watch.fd, data, len, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	/* Less than was asked for: what comes behind it brings an event of its own. */
	if ((n < 0 && errno == EAGAIN) || (n > 0 && (size_t)n < len && !w->hung))
		w->readable = false;
	if (n > 0)
		counters_add(w->counters, COUNT_UP, (uint64_t)n);
	return n < 0 ? -errno : n;
}

static ssize_t socket_write(struct wire *w, const void *data, size_t len)
{
	ssize_t n;

	if (!w->writable)
		return -EAGAIN;
	do
		n = send(w->watch.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		w->writable = false;
	if (n > 0) {
		w->wrote += (size_t)n;
		counters_add(w->counters, COUNT_DOWN, (uint64_t)n);
	}
	return n < 0 ? -errno : n;
}

/* --- under TLS --- */

static int bio_read(BIO *b, char *data, int len)
{
	ssize_t n = socket_read(BIO_get_data(b), data, (size_t)len);

	BIO_clear_retry_flags(b);
	if (n == -EAGAIN)
		BIO_set_retry_read(b);
	return n < 0 ? -1 : (int)n;
}

static int bio_write(BIO *b, const char *data, int len)
{
	ssize_t n = socket_write(BIO_get_data(b), data, (size_t)len);

	BIO_clear_retry_flags(b);
	if (n == -EAGAIN)
		BIO_set_retry_write(b);
	return n < 0 ? -1 : (int)n;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

int wire_prepare(struct err *e)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
	if (!method || !BIO_meth_set_read(method, bio_read) ||
	    !BIO_meth_set_write(method, bio_write) || !BIO_meth_set_ctrl(method, bio_ctrl))
		return err_set(e, ENOMEM, "prepare TLS");
	return 0;
}

int wire_tls(struct wire *w, struct ssl_ctx_st *ctx, bool server)
{
	SSL *ssl = SSL_new(ctx);
	BIO *b = ssl ? BIO_new(method) : NULL;

	if (!b) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	BIO_set_data(b, w);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	w->ssl = ssl;
	return 0;
}

/* What the last call on ssl came to; r is its result. */
static int outcome(struct wire *w, int r)
{
	unsigned long code;
	int why = SSL_get_error(w->ssl, r);

	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	code = ERR_peek_last_error();
	snprintf(w->error, sizeof(w->error), "%s",
		 code ? ERR_reason_error_string(code) : "the connection was cut");
	return -EPROTO;
}

int wire_handshake(struct wire *w)
{
	int r;

	if (!w->ssl)
		return 0;
	ERR_clear_error();
	r = SSL_do_handshake(w->ssl);
	return r == 1 ? 0 : outcome(w, r) == -EAGAIN ? -EAGAIN : -EPROTO;
}

ssize_t wire_read(struct wire *w, void *data, size_t len)
{
	ssize_t n;
	int r;

	if (!w->ssl) {
		n = socket_read(w, data, len);
		return n < 0 && n != -EAGAIN ? -EPROTO : n;
	}
	ERR_clear_error();
	r = SSL_read(w->ssl, data, (int)len);
	return r > 0 ? r : outcome(w, r);
}

/* --- what waits to be written --- */

size_t wire_room(const struct wire *w)
{
	size_t waits = w->len - w->at;

	return waits < WIRE_OUT ? WIRE_OUT - waits : 0;
}

/* Moved to the front only where it has no room behind. */
static void make_room(struct wire *w, size_t more)
{
	size_t waits = w->len - w->at, size = w->size ? w->size : 4096;

	if (w->len + more <= w->size)
		return;
	if (w->at) {
		memmove(w->out, w->out + w->at, waits);
		w->at = 0;
		w->len = waits;
	}
	while (size < waits + more)
		size *= 2;
	if (size > w->size)
		w->out = xrealloc(w->out, size);
	w->size = size;
}

void wire_add(struct wire *w, const void *data, size_t len)
{
	make_room(w, len);
	memcpy(w->out + w->len, data, len);
	w->len += len;
}

static ssize_t write_some(struct wire *w)
{
	size_t len = w->len - w->at;
	ssize_t n;
	int r;

	if (!w->ssl) {
		n = socket_write(w, w->out + w->at, len);
		return n < 0 && n != -EAGAIN ? -EPIPE : n;
	}
	ERR_clear_error();
	r = SSL_write(w->ssl, w->out + w->at, (int)len);
	if (r > 0)
		return r;
	return outcome(w, r) == -EAGAIN ? -EAGAIN : -EPIPE;
}

/* A whole body went at once: it stays no part of a connection that is kept. */
static void drop_room(struct wire *w)
{
	explicit_bzero(w->out, w->size);
	free(w->out);
	w->out = NULL;
	w->size = 0;
}

int wire_flush(struct wire *w)
{
	ssize_t n;

	while (w->at < w->len) {
		n = write_some(w);
		if (n < 0)
			return (int)n;
		w->at += (size_t)n;
	}
	w->at = w->len = 0;
	if (w->size > WIRE_KEPT)
		drop_room(w);
	return 0;
}

/* --- life --- */

int wire_open(struct wire *w, struct loop *l, int fd, void (*fn)(void *, uint32_t), void *arg)
{
	int one = 1, r;

	w->watch = (struct watch){.fd = fd, .fn = fn, .arg = arg};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	r = loop_add(l, &w->watch, EDGES);
	if (r < 0) {
		close(fd);
		w->watch.fd = -1;
	}
	return r;
}

void wire_unread(struct wire *w, const char *data, size_t len)
{
	w->early = xrealloc(w->early, len);
	memcpy(w->early, data, len);
	w->early_at = 0;
	w->early_len = len;
}

void wire_note(struct wire *w, uint32_t events)
{
	const uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

	w->hung |= (events & ends) != 0;
	w->gone |= (events & (EPOLLHUP | EPOLLERR)) != 0;
	w->readable |= (events & (EPOLLIN | ends)) != 0;
	w->writable |= (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
}

void wire_shutdown(struct wire *w)
{
	if (w->shut || w->watch.fd < 0)
		return;
	w->shut = true;
	if (w->ssl) {
		ERR_clear_error();
		SSL_shutdown(w->ssl);
	}
	shutdown(w->watch.fd, SHUT_WR);
}

void wire_abort(struct wire *w)
{
	const struct linger now = {.l_onoff = 1};

	if (w->watch.fd >= 0)
		setsockopt(w->watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void wire_finish(struct wire *w, struct loop *l)
{
	SSL_free(w->ssl);
	w->ssl = NULL;
	loop_remove(l, &w->watch);
	if (w->out)
		explicit_bzero(w->out, w->size); /* a head that was not sent */
	free(w->out);
	free(w->early);
	w->out = w->early = NULL;
	w->at = w->len = w->size = w->early_at = w->early_len = 0;
}
