/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/upstream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/address.h"
#include "libcommon/buf.h"
#include "libcommon/trust.h"

/* --- TLS sessions of hosts --- */

static bool is_of(const struct origin *o, const struct upstream *u)
{
	return o->port == u->port && strcmp(o->name, u->name) == 0 &&
	       memcmp(&o->address, &u->address, sizeof(o->address)) == 0;
}

/* That of this host at this address, or the one used longest ago. */
static struct origin *origin_of(struct upstreams *us, const struct upstream *u)
{
	struct origin *oldest = us->origins;

	for (size_t i = 0; i < UPSTREAM_ORIGIN; i++) {
		if (is_of(&us->origins[i], u))
			return &us->origins[i];
		if (us->origins[i].used < oldest->used)
			oldest = &us->origins[i];
	}
	return oldest;
}

/* Only a session whose certificate we have checked is kept: a resumed one is not checked again. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct upstream *u = SSL_get_app_data(ssl);
	struct origin *o = origin_of(u->of, u);

	if (SSL_get_verify_result(ssl) != X509_V_OK)
		return 0;
	SSL_SESSION_free(o->session);
	*o = (struct origin){.address = u->address, .port = u->port, .session = session};
	memcpy(o->name, u->name, sizeof(o->name));
	o->used = ++u->of->uses;
	return 1; /* it is ours */
}

static void resume(struct upstream *u)
{
	struct origin *o = origin_of(u->of, u);

	if (!is_of(o, u) || !o->session)
		return;
	SSL_set_session(u->wire.ssl, o->session);
	SSL_SESSION_free(o->session);
	o->session = NULL;
}

/* --- opening --- */

static int load_authorities(SSL_CTX *tls)
{
	const char *named = secure_getenv("SSL_CERT_FILE");

	if (named)
		return SSL_CTX_load_verify_file(tls, named);
	for (const char *const *p = trust_bundles; *p; p++)
		if (access(*p, R_OK) == 0)
			return SSL_CTX_load_verify_file(tls, *p);
	return 0;
}

int upstreams_open(struct upstreams *us, struct loop *l, struct err *e)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	us->loop = l;
	us->tls = tls;
	us->origins = xcalloc(UPSTREAM_ORIGIN, sizeof(*us->origins));
	if (!tls || !SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) || !load_authorities(tls) ||
	    SSL_CTX_set_alpn_protos(tls, (const unsigned char *)"\010http/1.1", 9) != 0)
		return err_set(e, ERR_PLAIN, "read the host's certificate authorities: %s",
			       ERR_reason_error_string(ERR_get_error()));
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls, keep_session);
	return 0;
}

/* --- the pool --- */

static void leave_pool(struct upstream *u)
{
	if (u->prev)
		u->prev->next = u->next;
	else
		u->of->idle = u->next;
	if (u->next)
		u->next->prev = u->prev;
	u->next = u->prev = NULL;
	u->of->n_idle--;
}

static void drop(struct upstream *u)
{
	wire_finish(&u->wire, u->of->loop);
	h1_in_finish(&u->in);
	free(u);
}

/* Bytes that nobody asked for, or the end: an idle connection that says anything is of no use. */
static void on_event(void *arg, uint32_t events)
{
	struct upstream *u = arg;

	wire_note(&u->wire, events);
	if (u->x) {
		u->of->wake(u->x);
	} else if (u->wire.readable) {
		char c;

		/* A ticket, or a key update, is no answer. */
		if (!u->wire.hung && wire_read(&u->wire, &c, 1) == -EAGAIN)
			return;
		leave_pool(u);
		drop(u);
	}
}

static struct upstream *find(struct upstreams *us, const char *name, const struct in6_addr *a,
			     uint16_t port, bool tls)
{
	for (struct upstream *u = us->idle; u; u = u->next)
		if (u->port == port && (u->wire.ssl != NULL) == tls && strcmp(u->name, name) == 0 &&
		    memcmp(&u->address, a, sizeof(*a)) == 0)
			return u;
	return NULL;
}

static int begin(struct upstream *u, bool tls)
{
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons(u->port), .sin6_addr = u->address};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(u->port)};
	bool v4 = address_is_v4(&u->address);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(&four.sin_addr, u->address.s6_addr + 12, 4);
	if (connect(fd, v4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		    v4 ? sizeof(four) : sizeof(six)) < 0 &&
	    errno != EINPROGRESS) {
		int code = errno;

		close(fd);
		return -code;
	}
	if (wire_open(&u->wire, u->of->loop, fd, on_event, u) < 0)
		return -EMFILE;
	return tls ? wire_tls(&u->wire, u->of->tls, false) : 0;
}

/* The name is the session's, checked by the relay: never what a request says. */
static bool name_it(struct upstream *u)
{
	if (!u->wire.ssl)
		return true;
	SSL_set_app_data(u->wire.ssl, u);
	SSL_set_hostflags(u->wire.ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!SSL_set_tlsext_host_name(u->wire.ssl, u->name) || !SSL_set1_host(u->wire.ssl, u->name))
		return false;
	resume(u);
	return true;
}

/* Its end, or bytes that nobody asked for, may have come a moment ago: a request that cannot be
 * sent twice is worth a look. */
static bool is_silent(const struct upstream *u)
{
	char c;

	return !u->wire.hung && recv(u->wire.watch.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

static struct upstream *take_silent(struct upstreams *us, const char *name,
				    const struct in6_addr *a, uint16_t port, bool tls)
{
	struct upstream *u;

	while ((u = find(us, name, a, port, tls))) {
		leave_pool(u);
		if (is_silent(u))
			return u;
		drop(u);
	}
	return NULL;
}

struct upstream *upstream_get(struct upstreams *us, const char *name, const struct in6_addr *a,
			      uint16_t port, bool tls, bool fresh, struct exchange *x)
{
	struct upstream *u = fresh ? NULL : take_silent(us, name, a, port, tls);

	if (u) {
		u->x = x;
		return u;
	}
	u = xcalloc(1, sizeof(*u));
	*u = (struct upstream){.of = us, .address = *a, .port = port, .x = x};
	u->wire.watch.fd = -1;
	snprintf(u->name, sizeof(u->name), "%s", name);
	h1_in_init(&u->in, true);
	if (begin(u, tls) < 0 || !name_it(u)) {
		drop(u);
		return NULL;
	}
	return u;
}

int upstream_ready(struct upstream *u)
{
	socklen_t len = sizeof(int);
	int error = 0, r;

	if (u->ready)
		return 0;
	if (!u->connected) {
		if (!u->wire.writable)
			return -EAGAIN;
		if (getsockopt(u->wire.watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
			return error ? -error : -ECONNREFUSED;
		u->connected = true;
	}
	r = wire_handshake(&u->wire);
	if (r == 0)
		u->ready = true;
	if (r == -EPROTO && SSL_get_verify_result(u->wire.ssl) != X509_V_OK) {
		snprintf(u->wire.error, sizeof(u->wire.error), "%s",
			 X509_verify_cert_error_string(SSL_get_verify_result(u->wire.ssl)));
		return -EKEYREJECTED;
	}
	return r;
}

static bool is_clean(const struct upstream *u)
{
	return u->ready && !u->unclean && !u->wire.hung && u->in.state == H1_DONE &&
	       !u->in.head.close && u->in.at == u->in.len && u->wire.at == u->wire.len;
}

void upstream_put(struct upstream *u)
{
	struct upstreams *us = u->of;

	u->x = NULL;
	if (!is_clean(u) || us->n_idle >= UPSTREAM_IDLE) {
		drop(u);
		return;
	}
	h1_in_next(&u->in, false);
	u->used = true;
	u->since_ms = us->loop->now_ms;
	u->prev = NULL;
	u->next = us->idle;
	if (u->next)
		u->next->prev = u;
	us->idle = u;
	us->n_idle++;
}

void upstreams_forget(struct upstreams *us)
{
	while (us->idle) {
		struct upstream *u = us->idle;

		leave_pool(u);
		drop(u);
	}
}

void upstreams_sweep(struct upstreams *us)
{
	struct upstream *next;

	for (struct upstream *u = us->idle; u; u = next) {
		next = u->next;
		if (us->loop->now_ms - u->since_ms < UPSTREAM_KEEP)
			continue;
		leave_pool(u);
		drop(u);
	}
}

void upstreams_finish(struct upstreams *us)
{
	upstreams_forget(us);
	for (size_t i = 0; us->origins && i < UPSTREAM_ORIGIN; i++)
		SSL_SESSION_free(us->origins[i].session);
	free(us->origins);
	SSL_CTX_free(us->tls);
}
