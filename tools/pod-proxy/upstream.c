/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/upstream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/trust.h"
#include "tools/pod-proxy/call.h"

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

/* Of the key with its kind, as everybody hashes them: curl, and browsers did. */
static bool key_hash(const X509 *crt, unsigned char hash[SHA256_DIGEST_LENGTH])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(crt), &der);
	bool done = n > 0 && SHA256(der, (size_t)n, hash);

	OPENSSL_free(der);
	return done;
}

/* The host's keys, or those of the authorities that vouch for it: one must be pinned. */
static bool is_pinned(const struct strv *pins, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		unsigned char hash[SHA256_DIGEST_LENGTH];
		char text[64] = "sha256/";

		if (key_hash(sk_X509_value(chain, i), hash))
			EVP_EncodeBlock((unsigned char *)text + 7, hash, sizeof(hash));
		if (strv_has(pins, text))
			return true;
	}
	return false;
}

const struct strv *upstream_pins(const struct upstream *u)
{
	const struct upstreams *us = u ? u->of : NULL;

	return us && us->pins ? us->pins(us->pins_arg, &u->place) : NULL;
}

static int verify(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct strv *pins = upstream_pins(SSL_get_app_data(ssl));
	int r = X509_verify_cert(store);

	(void)arg;
	if (r <= 0 || !pins || is_pinned(pins, X509_STORE_CTX_get0_chain(store)))
		return r;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

int upstreams_open(struct upstreams *us, struct loop *l, struct err *e)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	us->loop = l;
	us->tls = tls;
	if (!tls || !SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) || !load_authorities(tls))
		return err_set(e, ERR_PLAIN, "read the host's certificate authorities: %s",
			       ERR_reason_error_string(ERR_get_error()));
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(tls, verify, NULL);
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(tls, 1);
	origins_prepare(us);
	return 0;
}

/* --- lists --- */

void upstream_list(struct upstream *u, struct upstream **list)
{
	u->list = list;
	u->prev = NULL;
	u->next = *list;
	if (u->next)
		u->next->prev = u;
	*list = u;
	u->of->n_idle += list == &u->of->idle;
}

void upstream_unlist(struct upstream *u)
{
	if (!u->list)
		return;
	if (u->prev)
		u->prev->next = u->next;
	else
		*u->list = u->next;
	if (u->next)
		u->next->prev = u->prev;
	u->of->n_idle -= u->list == &u->of->idle;
	u->list = NULL;
	u->next = u->prev = NULL;
}

void upstream_enqueue(struct upstream *u)
{
	if (u->queued || !u->h2)
		return;
	u->queued = true;
	u->behind = u->of->queue;
	u->of->queue = u;
}

static void leave_queue(struct upstream *u)
{
	struct upstream **at = &u->of->queue;

	while (u->queued && *at && *at != u)
		at = &(*at)->behind;
	if (u->queued && *at)
		*at = u->behind;
	u->queued = false;
}

void upstream_drop(struct upstream *u)
{
	upstream_unlist(u);
	leave_queue(u);
	h2_up_close(u);
	wire_finish(&u->wire, u->of->loop);
	h1_in_finish(&u->in);
	u->of->n_all--;
	free(u);
}

/* --- events --- */

/* Bytes that nobody asked for, or the end: an idle connection that says anything is of no use. */
static bool is_quiet(struct upstream *u)
{
	char c;

	/* A ticket, or a key update, is no answer. */
	return !u->wire.hung && wire_read(&u->wire, &c, 1) == -EAGAIN;
}

void upstream_event(void *arg, uint32_t events)
{
	struct upstream *u = arg;

	wire_note(&u->wire, events);
	if (u->h2) {
		upstream_enqueue(u);
	} else if (u->calls) {
		for (struct call *c = u->calls; c; c = c->next)
			u->of->wake(c->x);
	} else if (u->wire.readable && !is_quiet(u)) {
		upstream_drop(u);
	}
}

/* --- those that are there --- */

static struct upstream *find_idle(struct upstreams *us, const struct want *w)
{
	for (struct upstream *u = us->idle; u; u = u->next)
		if ((u->wire.ssl != NULL) == w->tls && place_is(&u->place, w->place))
			return u;
	return NULL;
}

/* Its end, or bytes that nobody asked for, may have come a moment ago, or the server said that it
 * keeps it no longer: a request that cannot be sent twice is worth a look. */
static bool is_silent(const struct upstream *u)
{
	char c;

	return u->of->loop->now_ms - u->since_ms < u->keep_ms && !u->wire.hung &&
	       recv(u->wire.watch.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static struct upstream *take_silent(struct upstreams *us, const struct want *w)
{
	struct upstream *u;

	while ((u = find_idle(us, w))) {
		upstream_unlist(u);
		if (is_silent(u))
			return u;
		upstream_drop(u);
	}
	return NULL;
}

/* One that speaks HTTP/2, or one that is being made to a host that may: many wait for it. */
static struct upstream *find_shared(struct upstreams *us, const struct want *w)
{
	for (struct upstream *u = us->shared; u; u = u->next) {
		if (!place_is(&u->place, w->place))
			continue;
		if (u->h2 ? h2_up_has_room(u) : !u->error && u->n_calls < H2_STREAMS)
			return u;
	}
	return NULL;
}

static struct upstream *choose(struct upstreams *us, struct want *w)
{
	enum speaks s = origin_speaks(us, w->place);
	struct upstream *u = NULL;

	w->h2 = w->h2 && w->tls && us->n_streams < UPSTREAM_STREAMS;
	if (w->h2 && s != SPEAKS_H1)
		u = find_shared(us, w);
	if (!u && !w->fresh && (!w->h2 || s == SPEAKS_H1))
		u = take_silent(us, w);
	return u ? u : upstream_connect(us, w);
}

struct call *upstream_call(struct upstreams *us, const struct want *w, struct exchange *x)
{
	struct want want = *w;
	struct upstream *u = choose(us, &want);
	struct call *c;

	if (!u)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	*c = (struct call){.u = u, .x = x, .next = u->calls};
	if (c->next)
		c->next->prev = c;
	u->calls = c;
	u->n_calls++;
	return c;
}

/* --- when a call is over --- */

static bool is_clean(struct upstream *u)
{
	return u->ready && !u->unclean && u->epoch == u->of->epoch && u->in.state == H1_DONE &&
	       !u->in.head.close && u->in.at == u->in.len && u->wire.at == u->wire.len &&
	       is_quiet(u);
}

static void put_h1(struct upstream *u)
{
	struct upstreams *us = u->of;

	if (!is_clean(u) || us->n_idle >= UPSTREAM_IDLE) {
		upstream_drop(u);
		return;
	}
	u->keep_ms = u->in.head.keep_ms && u->in.head.keep_ms < UPSTREAM_KEEP ? u->in.head.keep_ms
									      : UPSTREAM_KEEP;
	h1_in_next(&u->in, false);
	u->used = true;
	u->taken = false;
	u->since_ms = us->loop->now_ms;
	upstream_list(u, &us->idle);
}

void upstream_put(struct call *c)
{
	struct upstream *u = c->u;

	u->tongue->put(c);
	if (c->prev)
		c->prev->next = c->next;
	else
		u->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	u->n_calls--;
	free(c);
	if (u->calls)
		return;
	u->since_ms = u->of->loop->now_ms;
	if (!u->h2) /* HTTP/2: upstreams_run() decides, when the last frame is written */
		put_h1(u);
}

/* --- all of them --- */

static void run(struct upstream *u)
{
	h2_up_run(u);
	if (!u->calls && u->unclean)
		upstream_drop(u);
}

void upstreams_run(struct upstreams *us)
{
	struct upstream *list = us->queue, *u;

	us->queue = NULL;
	while ((u = list)) {
		list = u->behind;
		u->queued = false;
		run(u);
	}
}

bool upstreams_any(const struct upstreams *us)
{
	return us->idle || us->shared;
}

void upstreams_forget(struct upstreams *us)
{
	struct upstream *next;

	us->epoch++;
	while (us->idle)
		upstream_drop(us->idle);
	for (struct upstream *u = us->shared; u; u = next) {
		next = u->next;
		if (u->h2) {
			h2_up_leave(u);
		} else { /* those who wait for it are told to make another */
			u->unclean = true;
			upstream_unlist(u);
		}
	}
}

static void sweep(struct upstream *u, uint64_t now_ms)
{
	if (u->calls || now_ms - u->since_ms < (u->h2 ? UPSTREAM_KEEP : u->keep_ms))
		return;
	if (u->h2)
		h2_up_leave(u);
	else
		upstream_drop(u);
}

void upstreams_sweep(struct upstreams *us)
{
	struct upstream *next, *lists[] = {us->idle, us->shared};

	for (size_t i = 0; i < 2; i++)
		for (struct upstream *u = lists[i]; u; u = next) {
			next = u->next;
			sweep(u, us->loop->now_ms);
		}
}

void upstreams_finish(struct upstreams *us)
{
	while (us->idle)
		upstream_drop(us->idle);
	while (us->shared)
		upstream_drop(us->shared);
	origins_finish(us);
	SSL_CTX_free(us->tls);
}
