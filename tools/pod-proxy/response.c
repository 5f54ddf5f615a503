/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/response.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INTERIMS 16

static bool scrubs(const struct exchange *x)
{
	return x->policy->patterns != NULL;
}

static void scrub_field(const struct exchange *x, struct message *m, uint32_t at)
{
	char *value = m->text.data + at;

	scrub_run(x->policy->patterns, value, strlen(value), true, false, NULL, NULL);
}

/* Names, too: some servers make fields of what they were asked. */
static void scrub_fields(const struct exchange *x, struct message *m)
{
	for (size_t i = 0; scrubs(x) && i < m->n; i++) {
		scrub_field(x, m, m->fields[i].name);
		scrub_field(x, m, m->fields[i].value);
	}
}

/* Of two such fields the second says what was packed once more. */
static bool is_single(const struct message *m, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += strcmp(message_text(m, m->fields[i].name), name) == 0;
	return n <= 1;
}

/* What is packed has to be unpacked to be looked through; false: we cannot. */
static bool open_packed(struct exchange *x, struct message *m)
{
	bool known;

	const char *inside = message_get(m, "grpc-encoding");

	if (!scrubs(x) && !x->site->usage)
		return true;
	if (inside && strcmp(inside, "identity") != 0)
		return false;
	if (!is_single(m, "content-encoding") || !is_single(m, "grpc-encoding"))
		return false;
	x->unzip = unzip_new(message_get(m, "content-encoding"), &known);
	if (x->unzip) {
		message_remove(m, "content-encoding");
		m->body = BODY_CHUNKED;
	}
	return known;
}

static void count_usage(struct exchange *x, const struct message *m)
{
	static const char events[] = "text/event-stream";
	const char *type = message_get(m, "content-type");

	if (m->status == 200)
		usage_begin(&x->usage, x->site->usage,
			    type && strncasecmp(type, events, sizeof(events) - 1) == 0);
}

static void pass(struct exchange *x, const char *data, size_t len)
{
	if (len == 0 || exchange_charge(x, len))
		return;
	x->down_bytes += len;
	x->s->codec->data(x, data, len);
}

/* What may be the beginning of a secret waits for what comes behind it. */
static void pass_scrubbed(struct exchange *x, char *data, size_t len, bool last)
{
	const struct patterns *p = x->policy->patterns;
	size_t n;

	if (!x->held.len) {
		n = scrub_run(p, data, len, last, false, NULL, NULL);
		pass(x, data, n);
		buf_add(&x->held, data + n, len - n);
		return;
	}
	buf_add(&x->held, data, len);
	n = scrub_run(p, x->held.data, x->held.len, last, false, NULL, NULL);
	if (n > x->leaked)
		pass(x, x->held.data + x->leaked, n - x->leaked);
	x->leaked -= n < x->leaked ? n : x->leaked;
	memmove(x->held.data, x->held.data + n, x->held.len - n);
	x->held.len -= n;
}

/*
 * A message of a WebSocket may end with the first letters of a secret, and its reader waits for
 * them.  They go on, too few to be of use; if a secret it was, the rest of it is overwritten still.
 */
static void pass_rest(struct exchange *x)
{
	size_t len = x->held.len;

	if (len <= x->leaked || len > patterns_loose(x->policy->patterns))
		return;
	pass(x, x->held.data + x->leaked, len - x->leaked);
	x->leaked = len;
}

static void pass_body(struct exchange *x, char *data, size_t len, bool last)
{
	usage_feed(&x->usage, data, len);
	if (scrubs(x))
		pass_scrubbed(x, data, len, last);
	else
		pass(x, data, len);
}

static void open_tunnel(struct exchange *x, struct message *m)
{
	x->state = EXCHANGE_TUNNEL;
	x->responded = true;
	x->ended = false;
	x->left = UINT64_MAX;
	x->call->unclean = true;
	x->s->codec->head(x, m, false);
	x->s->codec->tunnel(x);
	exchange_touch(x, TUNNEL_MS);
}

/* 1: it is gone, or refused. */
static int take_interim(struct exchange *x, struct message *m)
{
	if (m->status == 101 && m->upgrade && x->request.upgrade && x->s->codec->tunnel) {
		scrub_fields(x, m);
		x->status = 101;
		open_tunnel(x, m);
		return 0;
	}
	if (m->status == 101 || ++x->interim > INTERIMS) {
		exchange_fail(x, "upstream_failed", "the server changed the protocol unasked");
		return 1;
	}
	if (m->status != 100) { /* we have said that ourselves */
		scrub_fields(x, m);
		x->s->codec->head(x, m, false);
	}
	x->call->u->tongue->next(x->call);
	return 0;
}

static int take_head(struct exchange *x)
{
	struct message *m = x->call->head;
	bool none = x->call->to_head || m->status == 304 || m->status == 204;

	if (m->status < 200)
		return take_interim(x, m);
	if (!none && !open_packed(x, m)) {
		exchange_fail(x, "upstream_failed",
			      "the answer is compressed, though this was not asked for");
		return 1;
	}
	count_usage(x, m);
	message_remove(m, "alt-svc"); /* where nobody would look */
	scrub_fields(x, m);
	x->status = m->status;
	x->responded = true;
	screener_forget(x);
	x->s->codec->head(
		x, m, none || m->body == BODY_NONE || (m->body == BODY_LENGTH && m->length == 0));
	return 0;
}

static int finish(struct exchange *x)
{
	struct message *trailers = x->call->trailers;

	if (x->unzip && !unzip_is_whole(x->unzip)) {
		exchange_fail(x, "upstream_failed", "the answer is not packed as it says");
		return 1;
	}
	pass_body(x, (char[1]){0}, 0, true);
	if (x->over) /* by what was held back */
		return -EDQUOT;
	scrub_fields(x, trailers);
	/* It has answered before it had read everything: what it makes of the rest is unknown. */
	if (!x->ended || x->call->u->tongue->waits(x->call, 1))
		x->call->unclean = true;
	x->s->codec->end(x, trailers->n ? trailers : NULL);
	exchange_drop(x);
	return 1;
}

static int lost(struct exchange *x)
{
	if (!exchange_try_again(x))
		exchange_fail(x, "upstream_failed", x->call->why);
	return 2;
}

/* What can be had of what was given to it; 0: it wants more. */
static int unpack(struct exchange *x, size_t room)
{
	char piece[16384];
	ssize_t n = unzip_take(x->unzip, piece, room < sizeof(piece) ? room : sizeof(piece));

	if (n > 0)
		pass_body(x, piece, (size_t)n, false);
	if (n < 0)
		exchange_fail(x, "upstream_failed", "the answer is not packed as it says");
	return n > 0 ? 1 : n < 0 ? 2 : 0;
}

static int take_piece(struct exchange *x, size_t room)
{
	struct call *c = x->call;

	switch (c->u->tongue->step(c, x->unzip && room > UNZIP_IN ? UNZIP_IN : room)) {
	case CALL_WAITS:
		return 0;
	case CALL_READ:
		return 1;
	case CALL_HEAD:
		return take_head(x) ? 2 : 1;
	case CALL_BODY:
		if (x->unzip)
			unzip_give(x->unzip, c->body, c->body_len);
		else
			pass_body(x, c->body, c->body_len, false);
		exchange_touch(x, ANSWER_MS);
		return 1;
	case CALL_END:
		return finish(x) < 0 ? 1 : 2;
	case CALL_LOST:
		return lost(x);
	case CALL_UNSEEN:
		exchange_unseen(x);
		return 2;
	case CALL_BAD:
		break;
	}
	exchange_fail(x, "upstream_failed", "the server's answer is no proper HTTP");
	return 2;
}

static int take_response(struct exchange *x)
{
	size_t room = H1_IN;
	int r;

	if (x->call->in_body || x->unzip) {
		room = x->s->codec->room(x);
		/* What is held back comes on top, when it turns out to be harmless. */
		room = room > x->held.len ? room - x->held.len : 0;
		if (room == 0) {
			x->stalled = true;
			return 0;
		}
	}
	r = x->unzip ? unpack(x, room) : 0;
	return r ? r : take_piece(x, room);
}

/* --- after a 101 --- */

static int tunnel_ends(struct exchange *x, bool proper)
{
	if (!proper) {
		exchange_fail(x, "upstream_failed", "the connection was cut");
		return 2;
	}
	pass_body(x, (char[1]){0}, 0, true);
	if (x->over)
		return 1;
	x->s->codec->end(x, NULL);
	exchange_drop(x);
	return 2;
}

static int take_bytes(struct exchange *x)
{
	struct h1_in *in = &x->call->u->in;
	size_t room = x->s->codec->room(x), len = in->len - in->at;
	ssize_t n;

	room = room > x->held.len ? room - x->held.len : 0;
	if (room == 0) {
		x->stalled = true;
		return 0;
	}
	if (len == 0) {
		n = h1_in_read(in, &x->call->u->wire);
		if (n == -EAGAIN && scrubs(x))
			pass_rest(x);
		if (n == -EAGAIN)
			return 0;
		return n > 0 ? 1 : tunnel_ends(x, n == 0);
	}
	len = len < room ? len : room;
	in->at += len;
	pass_body(x, in->data + in->at - len, len, false);
	exchange_touch(x, TUNNEL_MS);
	return 1;
}

int response_step(struct exchange *x)
{
	return x->state == EXCHANGE_TUNNEL ? take_bytes(x) : take_response(x);
}
