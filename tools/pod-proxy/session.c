/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the pod's, from the relay's hands to its end. */
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/counters.h"
#include "tools/pod-proxy/exchange.h"
#include "tools/pod-proxy/handoff.h"
#include "tools/pod-proxy/report.h"

#define HELLO_MS  15000
#define LINGER_MS 2000
#define ROUNDS    16 /* of one session in one turn */

/* --- life --- */

static void touch(struct session *s, uint64_t ms)
{
	s->deadline_ms = s->in->loop.now_ms + ms;
}

void session_enqueue(struct session *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->behind = s->in->queue;
	s->in->queue = s;
}

static void leave_queue(struct session *s)
{
	struct session **at = &s->in->queue;

	while (s->queued && *at && *at != s)
		at = &(*at)->behind;
	if (s->queued && *at)
		*at = s->behind;
	s->queued = false;
}

static void session_close(struct session *s)
{
	struct inject *in = s->in;

	while (s->exchanges)
		exchange_cancel(s->exchanges);
	if (s->codec)
		s->codec->close(s);
	leave_queue(s);
	wire_finish(&s->wire, &in->loop);
	if (s->prev)
		s->prev->next = s->next;
	else
		in->sessions = s->next;
	if (s->next)
		s->next->prev = s->prev;
	in->n--;
	free(s);
}

static void session_abort(struct session *s)
{
	wire_abort(&s->wire);
	session_close(s);
}

static void on_event(void *arg, uint32_t events)
{
	struct session *s = arg;

	wire_note(&s->wire, events);
	for (struct exchange *x = s->exchanges; x; x = x->next)
		x->awake |= x->stalled;
	session_enqueue(s);
}

/* An authority of another day, or one that is missing: who wonders why is told. */
static int no_leaf(struct session *s)
{
	struct inject *in = s->in;

	in->stale |= leaves_stale(&in->leaves);
	report_no_leaf(s);
	return -ENOKEY;
}

/*
 * Certificates that are not there yet are made here, and not where connections are taken: one in a
 * turn, so that those who have theirs wait for one at most, however many names are asked for at a
 * time.  1: TLS can begin.  0: in the next turn.
 */
static int speak_tls(struct session *s)
{
	struct inject *in = s->in;
	struct ssl_ctx_st *ctx = leaves_find(&in->leaves, s->name);

	if (!ctx && in->made) {
		session_enqueue(s);
		return 0;
	}
	if (!ctx) {
		in->made = true;
		ctx = leaves_get(&in->leaves, s->name);
	}
	if (!ctx)
		return no_leaf(s);
	if (wire_tls(&s->wire, ctx, true) < 0)
		return -ENOMEM;
	s->state = SESSION_HELLO;
	return 1;
}

/* Those who ask for nothing do not keep others out: the oldest of them goes. */
static void make_room(const struct session *new)
{
	struct session *oldest = NULL;

	for (struct session *s = new->in->sessions; s; s = s->next)
		if (s != new && !s->n_exchanges)
			oldest = s;
	if (oldest)
		session_abort(oldest);
}

void session_begin(struct inject *in, const struct handoff *h, int fd)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->in = in;
	s->address = h->address;
	s->port = h->port;
	s->tls = h->tls;
	memcpy(s->name, h->name, sizeof(s->name));
	s->next = in->sessions;
	if (s->next)
		s->next->prev = s;
	in->sessions = s;
	in->n++;
	touch(s, HELLO_MS);
	if (in->n > in->max)
		make_room(s);
	/* The relay has looked, too: but it reads more of what the pod says, and knows no secret.
	 */
	if (wire_open(&s->wire, &in->loop, fd, on_event, s) < 0 || in->n > in->max ||
	    names_find(&in->names, s->name, &s->address, s->port) != NAMES_PINNED) {
		session_abort(s);
		return;
	}
	s->state = s->tls ? SESSION_LEAF : SESSION_HELLO;
	s->wire.counters = in->counters;
	counters_add(in->counters, COUNT_CONNECTIONS, 1);
	wire_unread(&s->wire, h->data, h->len);
	session_enqueue(s);
}

void session_linger(struct session *s)
{
	s->state = SESSION_LINGER;
	touch(s, s->in->idle_ms); /* for all to be written */
}

/* --- the handshake --- */

/* Codecs are chosen by ALPN; who says nothing speaks HTTP/1.1. */
static const struct codec *chosen(const struct session *s)
{
	static const struct codec *const codecs[] = {&codec_h2, &codec_h1};
	const unsigned char *name = NULL;
	unsigned len = 0;

	if (s->wire.ssl)
		SSL_get0_alpn_selected(s->wire.ssl, &name, &len);
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (len == strlen(codecs[i]->name) && memcmp(name, codecs[i]->name, len) == 0)
			return codecs[i];
	return &codec_h1;
}

/* An alert by which clients say that they do not know the authority, or like nothing about it. */
static bool is_distrust(const char *error)
{
	static const char *const alerts[] = {"unknown ca", "bad certificate", "certificate unknown",
					     "unsupported certificate", "certificate expired"};

	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (strstr(error, alerts[i]))
			return true;
	return false;
}

static int greet(struct session *s)
{
	int r = wire_handshake(&s->wire);

	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return r;
	s->codec = chosen(s);
	s->state = SESSION_OPEN;
	touch(s, s->in->idle_ms);
	return s->codec->open(s) < 0 ? -EPROTO : 1;
}

/* --- a turn --- */

/* Everything is written; what still comes is thrown away, so that no reset takes the answer away.
 */
static int linger(struct session *s)
{
	char data[4096];
	ssize_t n;
	int r = wire_flush(&s->wire);

	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	if (!s->wire.shut)
		touch(s, LINGER_MS);
	wire_shutdown(&s->wire);
	do
		n = wire_read(&s->wire, data, sizeof(data));
	while (n > 0);
	return n == -EAGAIN ? 0 : -ECONNRESET;
}

static int run_exchanges(struct session *s)
{
	struct exchange *next;
	int did = 0;

	for (struct exchange *x = s->exchanges; x; x = next) {
		next = x->next;
		if (x->awake)
			did |= exchange_run(x);
	}
	return did;
}

/* Who waited for room is told when there is some. */
static int flush(struct session *s)
{
	bool waits = s->wire.at < s->wire.len;
	int did = 0, r = wire_flush(&s->wire);

	if (r == -EPIPE)
		return r;
	for (struct exchange *x = s->exchanges; waits && r == 0 && x; x = x->next) {
		did |= x->stalled;
		x->awake |= x->stalled;
	}
	return did;
}

static int round_of(struct session *s)
{
	int did, r;

	if (s->state == SESSION_LINGER)
		return linger(s);
	if (s->state == SESSION_LEAF) {
		r = speak_tls(s);
		if (r <= 0)
			return r;
	}
	if (s->state == SESSION_HELLO) {
		r = greet(s);
		if (r <= 0)
			return r;
	}
	r = s->codec->run(s);
	if (r < 0)
		return r;
	did = r | run_exchanges(s);
	/* Not when a head grows by a byte now and then. */
	if (s->state == SESSION_OPEN && s->n_exchanges)
		touch(s, s->in->idle_ms);
	r = flush(s);
	return r < 0 ? r : did | r;
}

static void session_run(struct session *s)
{
	int r = 1;

	for (unsigned n = 0; r > 0 && n < ROUNDS; n++)
		r = round_of(s);
	if (r > 0) {
		session_enqueue(s);
	} else if (r < 0) {
		if (is_distrust(s->wire.error))
			report_untrusted(s, s->wire.error);
		if (s->state == SESSION_LINGER)
			session_close(s);
		else
			session_abort(s);
	}
}

/* --- all of them --- */

/* A run ends no session but its own; what it puts into the queue comes in the next turn. */
void sessions_run(struct inject *in)
{
	struct session *list = in->queue, *s;

	in->queue = NULL;
	in->made = false;
	while ((s = list)) {
		list = s->behind;
		s->queued = false;
		session_run(s);
	}
}

static void sweep(struct session *s, uint64_t now)
{
	struct exchange *next;

	for (struct exchange *x = s->exchanges; x; x = next) {
		next = x->next;
		if (x->deadline_ms <= now)
			exchange_fail(x, "upstream_failed", "it took too long");
	}
	if (s->deadline_ms > now)
		return;
	if (s->state == SESSION_OPEN && s->n_exchanges)
		return; /* they have deadlines of their own */
	if (s->state == SESSION_LINGER) {
		session_close(s);
	} else if (s->state == SESSION_OPEN && s->codec->is_idle(s)) {
		session_linger(s);
		session_enqueue(s);
	} else {
		session_abort(s);
	}
}

void sessions_sweep(struct inject *in)
{
	struct session *next;

	if (in->loop.now_ms - in->swept_ms < 500)
		return;
	in->swept_ms = in->loop.now_ms;
	for (struct session *s = in->sessions; s; s = next) {
		next = s->next;
		sweep(s, in->loop.now_ms);
	}
	upstreams_sweep(&in->upstreams);
}

/* Does the host still get the credentials that were put into what is under way? */
static bool is_same(const struct session *s, const struct exchange *x)
{
	const struct site *now = sites_find(&s->in->policy->sites, s->name, s->port);

	if (!now || !x->site)
		return !now && !x->site;
	if (now->n_binds != x->site->n_binds)
		return false;
	for (size_t i = 0; i < now->n_binds; i++)
		if (strcmp(now->binds[i].key, x->site->binds[i].key) != 0)
			return false;
	return true;
}

static void cut_unbound(struct session *s)
{
	struct exchange *next;

	for (struct exchange *x = s->exchanges; x; x = next) {
		next = x->next;
		if (!is_same(s, x))
			exchange_fail(x, "unbound", "the host's binding was changed");
	}
}

/* No host is looked into any more. */
static void leave(struct session *s)
{
	s->draining = true;
	if (s->state == SESSION_OPEN)
		s->codec->drain(s);
	session_enqueue(s);
}

void sessions_cut(struct inject *in, bool policy)
{
	struct session *next;

	for (struct session *s = in->sessions; s; s = next) {
		next = s->next;
		if (policy && !in->policy->sites.n)
			leave(s);
		if (policy)
			cut_unbound(s);
		else if (names_find(&in->names, s->name, &s->address, 0) == NAMES_REVOKED)
			session_abort(s);
	}
}

void sessions_finish(struct inject *in)
{
	while (in->sessions)
		session_abort(in->sessions);
}
