/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "tools/pod-dns/message.h"

#define CONNECT_MS 3000
#define IDLE_MS    10000
#define OUT_MAX    (64 * 1024) /* waiting to be sent; beyond it the upstream is too slow */

enum phase { CLOSED, CONNECTING, SHAKING, OPEN };

struct stream {
	struct upstreams *us;
	struct upstream *up;
	struct watch watch;
	enum phase phase;
	SSL *ssl;
	struct buf in, out;
	struct try *waiting;
	uint64_t end_ms; /* then it is closed */
};

/* A first ClientHello for nobody: the random generator, keys and algorithms are loaded by now. */
static int rehearse(struct ssl_ctx_st *tls)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	SSL *ssl = SSL_new(tls);
	int r = -ENOMEM;

	if (in && out && ssl) {
		SSL_set_bio(ssl, in, out);
		r = SSL_connect(ssl) < 0 && BIO_ctrl_pending(out) > 0 ? 0 : -EPROTO;
	} else {
		BIO_free(in);
		BIO_free(out);
	}
	SSL_free(ssl);
	ERR_clear_error();
	return r;
}

/*
 * One file, read now.  OpenSSL's own default paths have a directory besides, in which it would look
 * for each unknown issuer when files are out of reach.
 */
static int load_authorities(struct ssl_ctx_st *tls)
{
	static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
					      "/etc/pki/tls/certs/ca-bundle.crt",
					      "/etc/ssl/cert.pem"};
	const char *named = secure_getenv("SSL_CERT_FILE");

	if (named)
		return SSL_CTX_load_verify_file(tls, named);
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (access(bundles[i], R_OK) == 0)
			return SSL_CTX_load_verify_file(tls, bundles[i]);
	return 0;
}

int stream_prepare(struct upstreams *us, struct err *e)
{
	bool wanted = false;

	for (unsigned i = 0; i < us->n; i++)
		wanted |= us->v[i].tls_name[0] != '\0';
	if (!wanted || us->tls)
		return 0;
	/* No configuration file: it could load code, and is out of reach later on. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	us->tls = SSL_CTX_new(TLS_client_method());
	if (!us->tls || !SSL_CTX_set_min_proto_version(us->tls, TLS1_2_VERSION) ||
	    !load_authorities(us->tls) ||
	    SSL_CTX_set_alpn_protos(us->tls, (const unsigned char *)"\3dot", 4) != 0 ||
	    rehearse(us->tls) < 0)
		return err_set(e, ERR_PLAIN, "prepare TLS for a resolver: %s",
			       ERR_reason_error_string(ERR_get_error()));
	SSL_CTX_set_verify(us->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(us->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	return 0;
}

/* Nothing is called back from here: each try is told from stream_tick() or the loop. */
static void shut(struct stream *s)
{
	SSL_free(s->ssl);
	s->ssl = NULL;
	loop_remove(s->us->loop, &s->watch);
	buf_clear(&s->in);
	buf_clear(&s->out);
	s->phase = CLOSED;
}

void stream_forget(struct stream *s, struct try *t)
{
	struct try **at = &s->waiting;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
}

/* The connection ended.  Questions that an idle connection swallowed are put once more. */
static void lost(struct stream *s, const char *why)
{
	struct try *t, *all = s->waiting;
	bool was_open = s->phase == OPEN;

	shut(s);
	s->waiting = NULL;
	while ((t = all)) {
		all = t->next;
		t->next = NULL;
		if (was_open && !t->was_redone) {
			t->was_redone = true;
			stream_send(s->us, t);
		} else {
			t->in_stream = false;
			try_failed(t, why);
		}
	}
}

static void listen_for(struct stream *s, bool also_out)
{
	loop_change(s->us->loop, &s->watch, EPOLLIN | (also_out ? EPOLLOUT : 0));
}

/* As read(2) and write(2): -1 with EAGAIN, or EPROTO for what TLS says. */
static ssize_t tls_result(struct stream *s, int n)
{
	int code;

	if (n > 0)
		return n;
	code = SSL_get_error(s->ssl, n);
	errno = code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
	return code == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t get(struct stream *s, void *data, size_t len)
{
	if (s->ssl)
		ERR_clear_error();
	return s->ssl ? tls_result(s, SSL_read(s->ssl, data, (int)len))
		      : recv(s->watch.fd, data, len, MSG_DONTWAIT);
}

static ssize_t put(struct stream *s, const void *data, size_t len)
{
	if (s->ssl)
		ERR_clear_error();
	return s->ssl ? tls_result(s, SSL_write(s->ssl, data, (int)len))
		      : send(s->watch.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take(struct buf *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

static int flush(struct stream *s)
{
	while (s->phase == OPEN && s->out.len) {
		ssize_t n = put(s, s->out.data, s->out.len);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0)
			return -EIO;
		take(&s->out, (size_t)n);
	}
	listen_for(s, s->phase == CONNECTING || s->out.len);
	return 0;
}

/* Case is forgiven here: who answers on a connection has seen our question. */
static struct try *who_asked(struct stream *s, const uint8_t *msg, size_t len)
{
	for (struct try *t = s->waiting; t; t = t->next) {
		enum try_match match = try_match(t, msg, len);

		if (match == MATCH_CASE)
			s->up->no_case = true;
		if (match != MATCH_NO)
			return t;
	}
	return NULL;
}

static void take_messages(struct stream *s)
{
	while (s->in.len >= 2) {
		const uint8_t *data = (const uint8_t *)s->in.data;
		size_t len = get16(data);
		static uint8_t msg[MESSAGE_MAX];
		struct try *t;

		if (s->in.len < 2 + len)
			return;
		memcpy(msg, data + 2, len);
		take(&s->in, 2 + len);
		t = who_asked(s, msg, len);
		if (!t) {
			s->us->lies++;
			continue;
		}
		stream_forget(s, t);
		t->in_stream = false;
		try_answered(t, msg, len);
	}
}

static void shake(struct stream *s)
{
	int n;

	ERR_clear_error();
	n = SSL_connect(s->ssl);
	if (n == 1) {
		s->phase = OPEN;
		return;
	}
	tls_result(s, n);
	if (errno == EAGAIN) {
		listen_for(s, SSL_want_write(s->ssl));
		return;
	}
	lost(s, SSL_get_verify_result(s->ssl) == X509_V_OK
			? "the resolver's TLS failed"
			: "the resolver's certificate is not valid for its name");
}

static int start_tls(struct stream *s)
{
	s->ssl = SSL_new(s->us->tls);
	if (!s->ssl || !SSL_set_fd(s->ssl, s->watch.fd) ||
	    !SSL_set_tlsext_host_name(s->ssl, s->up->tls_name) ||
	    !SSL_set1_host(s->ssl, s->up->tls_name))
		return -ENOMEM;
	SSL_set_hostflags(s->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	s->phase = SHAKING;
	listen_for(s, false);
	return 0;
}

static void connected(struct stream *s)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(s->watch.fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 || code) {
		lost(s, "the resolver cannot be reached by TCP");
		return;
	}
	if (!s->up->tls_name[0])
		s->phase = OPEN;
	else if (start_tls(s) < 0)
		lost(s, "out of memory");
}

static void receive(struct stream *s)
{
	char chunk[16384];
	ssize_t n;

	do {
		n = get(s, chunk, sizeof(chunk));
		if (n > 0) {
			s->end_ms = s->us->loop->now_ms + IDLE_MS;
			buf_add(&s->in, chunk, (size_t)n);
			take_messages(s);
		}
	} while (n > 0 && s->phase == OPEN);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		lost(s, "the resolver closed the connection");
}

static void on_stream(void *arg, uint32_t events)
{
	struct stream *s = arg;

	if (s->phase == CONNECTING && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		connected(s);
	if (s->phase == SHAKING)
		shake(s);
	if (s->phase == OPEN && flush(s) < 0)
		lost(s, "the resolver closed the connection");
	if (s->phase == OPEN)
		receive(s);
}

static int open_connection(struct stream *s)
{
	const struct upstream *up = s->up;
	int fd = socket(up->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&up->address, up->address_len) < 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		return -EIO;
	}
	s->watch = (struct watch){.fd = fd, .fn = on_stream, .arg = s};
	if (loop_add(s->us->loop, &s->watch, EPOLLIN | EPOLLOUT) < 0) {
		close(fd);
		s->watch.fd = -1;
		return -EMFILE;
	}
	s->phase = CONNECTING;
	s->end_ms = s->us->loop->now_ms + CONNECT_MS;
	return 0;
}

static void queue(struct stream *s, struct try *t)
{
	uint8_t out[ASK_MESSAGE], prefix[2];
	size_t len = try_message(t, out);

	put16(prefix, (unsigned)len);
	buf_add(&s->out, prefix, 2);
	buf_add(&s->out, out, len);
	if (s->phase == OPEN && !s->waiting)
		s->end_ms = s->us->loop->now_ms + IDLE_MS;
	t->next = s->waiting;
	s->waiting = t;
	if (s->phase == OPEN)
		listen_for(s, true);
}

void stream_send(struct upstreams *us, struct try *t)
{
	struct stream *s = t->up->stream;

	if (!s) {
		s = t->up->stream = xcalloc(1, sizeof(*s));
		*s = (struct stream){.us = us, .up = t->up, .watch.fd = -1};
	}
	if (s->out.len > OUT_MAX || (s->phase == CLOSED && open_connection(s) < 0)) {
		t->in_stream = false;
		try_failed(t, "the resolver cannot be reached by TCP");
		return;
	}
	queue(s, t);
}

int stream_tick(struct upstreams *us)
{
	uint64_t now = us->loop->now_ms, next = UINT64_MAX;

	for (unsigned i = 0; i < us->n; i++) {
		struct stream *s = us->v[i].stream;

		if (!s || s->phase == CLOSED)
			continue;
		if (now >= s->end_ms) /* nothing came since: idle, or dead without a word */
			lost(s, "the resolver does not answer by TCP");
		else if (s->end_ms < next)
			next = s->end_ms;
	}
	return next == UINT64_MAX ? -1 : (int)(next - now);
}

void stream_free_all(struct upstreams *us)
{
	for (unsigned i = 0; i < us->n; i++) {
		struct stream *s = us->v[i].stream;

		if (!s)
			continue;
		shut(s);
		buf_finish(&s->in);
		buf_finish(&s->out);
		free(s);
		us->v[i].stream = NULL;
	}
	SSL_CTX_free(us->tls);
	us->tls = NULL;
}
