/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/ask.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/pod-dns/message.h"
#include "tools/pod-dns/stream.h"

#define UDP_SIZE 1232 /* what passes anywhere in one piece */

/* The letters in random case: 0x20 bits that a forger has to guess as well. */
static void spell(struct try *t)
{
	uint32_t bits = 0;
	unsigned left = 0;

	t->sent = t->ask->name;
	for (unsigned i = 0; i < t->sent.len && !t->up->no_case; i++) {
		uint8_t c = t->sent.wire[i];

		if (c < 'a' || c > 'z')
			continue;
		if (left == 0) {
			bits = random_u32();
			left = 32;
		}
		if (bits & 1)
			t->sent.wire[i] = (uint8_t)(c - 32);
		bits >>= 1;
		left--;
	}
}

size_t try_message(struct try *t, uint8_t out[ASK_MESSAGE])
{
	struct packet p = {.data = out, .cap = ASK_MESSAGE};

	t->has_edns = !t->up->no_edns;
	packet_begin(&p, t->id, FLAG_RD, &t->sent, t->ask->type, CLASS_IN);
	if (t->has_edns) {
		packet_edns(&p, UDP_SIZE, 0, false, EDE_NONE, NULL);
		packet_count(&p, 3, 1);
	}
	return p.len;
}

enum try_match try_match(const struct try *t, const uint8_t *msg, size_t len)
{
	struct name n;
	size_t at = MESSAGE_HEADER;

	if (len < MESSAGE_HEADER || get16(msg) != t->id || (get16(msg + 2) & 0xf800) != FLAG_QR ||
	    get16(msg + 4) != 1 || name_read(&n, msg, len, &at) < 0 || at + 4 > len ||
	    get16(msg + at) != t->ask->type || get16(msg + at + 2) != CLASS_IN ||
	    !name_equal(&n, &t->sent))
		return MATCH_NO;
	return memcmp(n.wire, t->sent.wire, n.len) == 0 ? MATCH_YES : MATCH_CASE;
}

static bool is_live(const struct try *t)
{
	return t->watch.fd >= 0 || t->in_stream;
}

static void try_end(struct try *t)
{
	if (t->watch.fd >= 0)
		loop_remove(t->ask->us->loop, &t->watch);
	if (t->in_stream)
		stream_forget(t->up->stream, t);
	t->in_stream = false;
}

void ask_cancel(struct ask *a)
{
	for (unsigned i = 0; i < a->n_tries; i++)
		try_end(&a->tries[i]);
	a->is_done = true;
}

static void finish(struct ask *a, const uint8_t *msg, size_t len)
{
	ask_cancel(a);
	a->done(a->arg, msg, len);
}

static void send_by_stream(struct try *t)
{
	if (t->watch.fd >= 0)
		loop_remove(t->ask->us->loop, &t->watch);
	t->in_stream = true;
	stream_send(t->ask->us, t);
}

/* Ask somebody else, now. */
static void go_on(struct ask *a)
{
	a->next_ms = a->us->loop->now_ms;
}

void try_failed(struct try *t, const char *why)
{
	t->ask->why = why;
	upstream_failed(t->up, t->ask->us->loop->now_ms);
	try_end(t);
	go_on(t->ask);
}

static uint32_t bit_of(const struct try *t)
{
	return UINT32_C(1) << (t->up - t->ask->us->v);
}

/* Errors of the upstream's: another may know better.  true when this was one. */
static bool is_refusal(struct try *t, const uint8_t *msg)
{
	unsigned rcode = msg[3] & 15;

	if (rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN)
		return false;
	if (t->has_edns && (rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP)) {
		t->up->no_edns = true;
		t->ask->asked &= ~bit_of(t);
	} else {
		t->ask->refused |= bit_of(t);
	}
	t->ask->why = rcode == RCODE_REFUSED ? "the resolver refuses" : "the resolver failed";
	try_end(t);
	go_on(t->ask);
	return true;
}

/* Names further down point to the question: they must not show how we spelled it. */
static void unspell(const struct try *t, uint8_t *msg, size_t len)
{
	uint8_t *question = msg + MESSAGE_HEADER;

	if (len >= MESSAGE_HEADER + (size_t)t->sent.len &&
	    memcmp(question, t->sent.wire, t->sent.len) == 0)
		memcpy(question, t->ask->name.wire, t->sent.len);
}

void try_answered(struct try *t, uint8_t *msg, size_t len)
{
	struct ask *a = t->ask;

	unspell(t, msg, len);
	upstream_answered(t->up, a->us->loop->now_ms - t->began_ms);
	if (!is_refusal(t, msg))
		finish(a, msg, len);
}

static void on_datagram(void *arg, uint32_t events)
{
	static uint8_t msg[4096];
	struct try *t = arg;
	ssize_t n = recv(t->watch.fd, msg, sizeof(msg), MSG_DONTWAIT);
	enum try_match match;

	(void)events;
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			try_failed(t, "the resolver cannot be reached");
		return;
	}
	match = try_match(t, msg, (size_t)n);
	if (match == MATCH_NO) {
		t->ask->us->lies++;
		return; /* the true one may still come */
	}
	/* Too long for UDP, or perhaps forged by somebody who could not see our spelling: TCP
	 * tells. */
	if (match == MATCH_CASE || (get16(msg + 2) & FLAG_TC))
		send_by_stream(t);
	else
		try_answered(t, msg, (size_t)n);
}

static int open_socket(struct try *t)
{
	const struct upstream *up = t->up;
	int fd = socket(up->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* Connected: the kernel chose a random port, and drops what comes from elsewhere. */
	if (connect(fd, (const struct sockaddr *)&up->address, up->address_len) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	t->watch = (struct watch){.fd = fd, .fn = on_datagram, .arg = t};
	if (loop_add(t->ask->us->loop, &t->watch, EPOLLIN) < 0) {
		close(fd);
		t->watch.fd = -1;
		return -EMFILE;
	}
	return 0;
}

static void send_by_udp(struct try *t)
{
	uint8_t out[ASK_MESSAGE];
	size_t len = try_message(t, out);

	if (open_socket(t) < 0 || send(t->watch.fd, out, len, 0) < 0)
		try_failed(t, "the resolver cannot be reached");
}

/* The fastest of those not asked in this round; those that were down lately come last. */
static struct upstream *choose(struct ask *a)
{
	struct upstream *best = NULL;
	bool best_down = false;

	for (unsigned i = 0; i < a->us->n; i++) {
		struct upstream *up = &a->us->v[i];
		bool down = up->down_until > a->us->loop->now_ms;

		if ((a->asked | a->refused) & UINT32_C(1) << i)
			continue;
		if (!best || (best_down && !down) ||
		    (best_down == down && up->wait_ms < best->wait_ms)) {
			best = up;
			best_down = down;
		}
	}
	return best;
}

/* false when nobody is left. */
static bool ask_next(struct ask *a)
{
	struct upstream *up = choose(a);
	struct try *t;

	if (!up) {
		a->asked = 0;
		up = choose(a);
	}
	if (!up || a->n_tries == ASK_TRIES)
		return false;
	t = &a->tries[a->n_tries++];
	*t = (struct try){.ask = a,
			  .up = up,
			  .watch.fd = -1,
			  .id = (uint16_t)random_u32(),
			  .began_ms = a->us->loop->now_ms};
	a->asked |= bit_of(t);
	a->us->asked++;
	a->next_ms = a->us->loop->now_ms + up->wait_ms;
	spell(t);
	if (up->tls_name[0])
		send_by_stream(t);
	else
		send_by_udp(t);
	return true;
}

void ask_start(struct ask *a)
{
	a->n_tries = 0;
	a->asked = a->refused = 0;
	a->is_done = false;
	a->why = "no resolver answers";
	a->end_ms = a->us->loop->now_ms + ASK_TOTAL_MS;
	if (!ask_next(a))
		a->end_ms = a->next_ms = a->us->loop->now_ms;
}

static bool has_live(const struct ask *a)
{
	for (unsigned i = 0; i < a->n_tries; i++)
		if (is_live(&a->tries[i]))
			return true;
	return false;
}

void ask_tick(struct ask *a)
{
	uint64_t now = a->us->loop->now_ms;

	if (a->is_done || now < a->next_ms)
		return;
	if (a->n_tries && is_live(&a->tries[a->n_tries - 1]))
		upstream_failed(a->tries[a->n_tries - 1].up, now);
	if (now < a->end_ms && ask_next(a))
		return;
	if (now < a->end_ms && has_live(a))
		a->next_ms = a->end_ms;
	else
		finish(a, NULL, 0);
}
