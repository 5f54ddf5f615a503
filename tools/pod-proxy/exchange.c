/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its response.  The request is judged, its credentials are put in, and it is
 * written anew to a server whose certificate is for the name that the relay has checked, at the
 * address that the client was sent to.  The response goes back piece by piece, what was put in
 * scrubbed from it.  Whatever is in doubt ends the connection to the server.
 */
#include "tools/pod-proxy/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "tools/pod-proxy/admit.h"
#include "tools/pod-proxy/canary.h"
#include "tools/pod-proxy/report.h"
#include "tools/pod-proxy/response.h"
#include "tools/pod-proxy/screener.h"

#define CONNECT_MS  30000
#define PIECES      64    /* of a response in one turn */
#define RESEND      65536 /* bytes of a body that are kept, in case the server did not look at them */
#define TRIES       3
#define STATUS_GONE 499 /* the client has left before an answer: nobody is sent it */

/* --- life --- */

void exchange_touch(struct exchange *x, uint64_t ms)
{
	x->deadline_ms = x->s->in->loop.now_ms + ms;
}

static struct exchange *exchange_new(struct session *s, void *stream, struct message *m)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	*x = (struct exchange){.s = s, .stream = stream, .request = *m, .awake = true};
	*m = (struct message){0};
	x->policy = s->in->policy;
	x->policy->refs++;
	x->began_ms = s->in->loop.now_ms;
	x->next = s->exchanges;
	if (x->next)
		x->next->prev = x;
	s->exchanges = x;
	s->n_exchanges++;
	session_enqueue(s);
	return x;
}

void exchange_drop(struct exchange *x)
{
	struct session *s = x->s;

	screener_leave(x);
	screener_forget(x);
	report_exchange(x);
	meter_end(x->meter);
	unzip_free(x->unzip);
	if (x->call)
		upstream_put(x->call);
	if (x->prev)
		x->prev->next = x->next;
	else
		s->exchanges = x->next;
	if (x->next)
		x->next->prev = x->prev;
	s->n_exchanges--;
	policy_drop(x->policy);
	message_finish(&x->request);
	message_finish(&x->trailers);
	if (x->held.data)
		explicit_bzero(x->held.data, x->held.cap);
	buf_finish(&x->held);
	buf_finish(&x->tail);
	buf_finish(&x->answer);
	free(x);
}

void exchange_cancel(struct exchange *x)
{
	if (x->call)
		x->call->unclean = true;
	if (!x->responded)
		x->status = STATUS_GONE;
	exchange_drop(x);
}

void exchange_wake(struct exchange *x)
{
	x->awake = true;
	session_enqueue(x->s);
}

/* --- refusals --- */

static void write_answer(struct exchange *x, const struct refusal *why)
{
	struct buf *b = &x->answer;

	buf_clear(b);
	jw_open(b, '{');
	jw_kstr(b, "error", why->error);
	jw_kstr(b, "host", x->s->name);
	if (why->rule)
		jw_kstr(b, "rule", why->rule);
	if (why->ask)
		jw_kstr(b, "ask", why->ask);
	jw_close(b, '}');
	buf_char(b, '\n');
}

/* Whatever came of it: nobody knows where its connection stands. */
static void hang_up(struct exchange *x)
{
	if (!x->call)
		return;
	x->call->unclean = true;
	upstream_put(x->call);
	x->call = NULL;
}

void exchange_refuse(struct exchange *x, const struct refusal *why)
{
	screener_leave(x);
	screener_forget(x);
	hang_up(x);
	write_answer(x, why);
	x->status = why->status;
	x->rule = why->rule;
	x->retry_after = why->retry_after;
	x->state = EXCHANGE_ANSWER;
	exchange_wake(x);
}

void exchange_fail(struct exchange *x, const char *event, const char *reason)
{
	bool answers = x->state == EXCHANGE_ANSWER;
	char text[240];

	if (!answers)
		report_upstream(x, event, reason);
	if (x->call)
		x->call->unclean = true;
	if (!x->responded && !answers) {
		snprintf(text, sizeof(text), "the server's side failed: %s", reason);
		exchange_refuse(x, &(struct refusal){.status = 502, .error = text, .rule = event});
		return;
	}
	x->rule = answers ? x->rule : event;
	x->s->codec->reset(x, false);
	exchange_drop(x);
}

static int give_answer(struct exchange *x)
{
	struct message m = {.status = x->status, .body = BODY_LENGTH, .length = x->answer.len};
	bool head = strcmp(message_text(&x->request, x->request.method), "HEAD") == 0;
	char digits[16];

	if (x->s->codec->room(x) < x->answer.len) {
		x->stalled = true;
		return 0;
	}
	message_add(&m, "content-type", "application/json");
	message_add(&m, "x-envpod-refused", x->rule ? x->rule : "proxy");
	if (x->retry_after) {
		snprintf(digits, sizeof(digits), "%u", x->retry_after);
		message_add(&m, "retry-after", digits);
	}
	x->s->codec->head(x, &m, head);
	if (!head)
		x->s->codec->data(x, x->answer.data, x->answer.len);
	x->s->codec->end(x, NULL);
	message_finish(&m);
	exchange_drop(x);
	return 1;
}

/* --- the request --- */

static void connect_to(struct exchange *x, bool fresh)
{
	struct session *s = x->s;
	struct place place = {.address = s->address, .port = s->port};
	const struct want want = {.place = &place,
				  .tls = s->tls,
				  .h2 = s->codec == &codec_h2 && !x->request.upgrade,
				  .fresh = fresh};

	memcpy(place.name, s->name, sizeof(place.name));
	x->call = upstream_call(&s->in->upstreams, &want, x);
	x->state = EXCHANGE_CONNECT;
	exchange_touch(x, CONNECT_MS);
	if (!x->call)
		exchange_fail(x, "upstream_failed", "no connection could be made");
}

void exchange_connect(struct exchange *x)
{
	connect_to(x, false);
}

struct exchange *exchange_begin(struct session *s, void *stream, struct message *m, bool end)
{
	struct exchange *x = exchange_new(s, stream, m);

	x->ended = end;
	x->left = x->request.body == BODY_LENGTH ? x->request.length : UINT64_MAX;
	exchange_touch(x, ANSWER_MS);
	if (admit(x) == 0 && screener_passes(x))
		connect_to(x, false);
	return x;
}

size_t exchange_room(const struct exchange *x)
{
	if (x->state == EXCHANGE_ANSWER || x->state == EXCHANGE_SCREEN)
		return H1_IN; /* thrown away, or kept */
	return x->state == EXCHANGE_CONNECT ? 0 : x->call->u->tongue->room(x->call);
}

/* Many calls share a connection of HTTP/2, which its server may end at any time: what it has not
 * looked at is sent again, as long as it is small. */
static void keep_sent(struct exchange *x, const char *data, size_t len)
{
	bool whole = x->sent.len == x->up_bytes;

	if (whole && x->call->u->h2 && !x->responded && x->sent.len + len <= RESEND)
		buf_add(&x->sent, data, len);
}

bool exchange_charge(struct exchange *x, size_t len)
{
	if (!x->over)
		x->over = meter_charge(x->meter, x->site, x->s->in->loop.now_ms, len);
	if (x->over)
		exchange_wake(x);
	return x->over;
}

void exchange_data(struct exchange *x, const char *data, size_t len)
{
	if (len == 0)
		return;
	canary_body(x, data, len);
	if (x->state == EXCHANGE_ANSWER) {
		x->up_bytes += len;
		x->queued += len;
		return;
	}
	if (exchange_charge(x, len))
		return;
	if (x->state != EXCHANGE_SCREEN)
		keep_sent(x, data, len);
	x->up_bytes += len;
	x->queued += len;
	if (len > x->left) /* a codec has let by more than was said */
		len = (size_t)x->left;
	x->left -= len;
	if (x->state == EXCHANGE_SCREEN)
		screener_data(x, data, len);
	else
		x->call->u->tongue->data(x->call, data, len);
	exchange_wake(x);
}

/* Fields that come behind the body are no way around what is done to those before it. */
static void take_trailers(struct exchange *x, struct message *trailers)
{
	x->trailers = *trailers;
	*trailers = (struct message){0};
	canary_fields(x, &x->trailers);
	if (x->site)
		site_strip(x->site, &x->trailers);
}

void exchange_end(struct exchange *x, struct message *trailers)
{
	if (x->ended)
		return;
	x->ended = true;
	if (trailers && trailers->n)
		take_trailers(x, trailers);
	if (x->state == EXCHANGE_TALK)
		x->call->u->tongue->end(x->call, &x->trailers);
	if (x->state == EXCHANGE_SCREEN)
		screener_end(x);
	exchange_wake(x);
}

/* --- sending it --- */

/* All of it that has come; most of it comes later. */
static void write_request(struct exchange *x)
{
	const struct tongue *t = x->call->u->tongue;
	char host[NAME_TEXT + 8];
	bool usual = x->s->port == (x->s->tls ? 443 : 80);
	bool end = x->ended && !x->sent.len && !x->trailers.n;

	snprintf(host, sizeof(host), usual ? "%s" : "%s:%u", x->s->name, x->s->port);
	x->call->to_head = strcmp(message_text(&x->request, x->request.method), "HEAD") == 0;
	t->request(x->call, &x->request, host, end);
	if (x->sent.len)
		t->data(x->call, x->sent.data, x->sent.len);
	if (x->ended && (!end || x->request.body == BODY_CHUNKED))
		t->end(x->call, &x->trailers);
	x->injected = true;
	x->state = EXCHANGE_TALK;
	exchange_touch(x, ANSWER_MS);
}

/* The body is asked for once it can go on; the server is not asked whether it wants it. */
static void ask_for_body(struct exchange *x)
{
	struct message m = {.status = 100};

	if (x->request.expect && !x->ended)
		x->s->codec->head(x, &m, false);
	x->request.expect = false;
	message_finish(&m);
}

/* To another connection. */
static void call_again(struct exchange *x, bool fresh)
{
	hang_up(x);
	connect_to(x, fresh);
	exchange_wake(x); /* it may be ready, and no event tell of it */
}

bool exchange_try_again(struct exchange *x)
{
	static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
	const char *method = message_text(&x->request, x->request.method);
	bool may = false;

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		may |= strcmp(method, safe[i]) == 0;
	if (!may || x->tries || x->up_bytes || !x->ended || x->responded || x->interim ||
	    x->state != EXCHANGE_TALK || !x->call->u->tongue->may_be_stale(x->call))
		return false;
	x->tries++;
	call_again(x, true);
	return true;
}

void exchange_unseen(struct exchange *x)
{
	if (++x->tries <= TRIES && x->sent.len == x->up_bytes && !x->interim) {
		call_again(x, true);
		return;
	}
	if (!x->s->codec->unseen) {
		exchange_fail(x, "upstream_failed", "the server takes no request");
		return;
	}
	report_upstream(x, "upstream_failed", "the server takes no request");
	x->rule = "upstream_failed";
	x->s->codec->reset(x, true);
	exchange_drop(x);
}

static int connected(struct exchange *x)
{
	int r = upstream_ready(x->call);
	const struct wire *w = &x->call->u->wire;

	if (r == -EAGAIN)
		return 0;
	if (r == -EALREADY) {
		call_again(x, false);
	} else if (r == 0) {
		write_request(x);
		ask_for_body(x);
		exchange_wake(x);
	} else if (r == -EKEYREJECTED) {
		exchange_fail(x, "upstream_untrusted", w->error);
	} else {
		exchange_fail(x, "upstream_failed", r == -EPROTO ? w->error : strerror(-r));
	}
	return 1;
}

/* --- a turn --- */

static int send_on(struct exchange *x)
{
	const struct tongue *t = x->call->u->tongue;
	size_t before = x->queued;
	int r = t->send(x->call);

	x->queued = t->waits(x->call, before);
	if (x->queued < before) {
		x->s->codec->consumed(x, before - x->queued);
		exchange_touch(x, ANSWER_MS);
	}
	if (x->state == EXCHANGE_TUNNEL && x->ended && r == 0)
		wire_shutdown(&x->call->u->wire);
	return x->queued < before;
}

/* A minute's worth of bytes has gone by, and more was to come. */
static int cut(struct exchange *x)
{
	static const char rule[] = "bytes";

	if (!x->responded) {
		admit_not(x, rule, x->over);
		return 1;
	}
	x->rule = rule;
	x->call->unclean = true;
	x->s->codec->reset(x, false);
	exchange_drop(x);
	return 1;
}

static int talk(struct exchange *x)
{
	int did, r = 1;

	if (x->over)
		return cut(x);
	did = send_on(x);
	x->stalled = false;
	for (unsigned n = 0; r == 1 && n < PIECES; n++) {
		r = response_step(x);
		did |= r != 0;
		if (r == 2)
			return 1;
		if (x->over)
			return cut(x);
	}
	if (r == 1)
		exchange_wake(x);
	return did;
}

/* It comes in before anybody is connected to. */
static int keep_body(struct exchange *x)
{
	const size_t n = x->queued;

	if (x->over)
		return cut(x);
	ask_for_body(x);
	if (!n)
		return 0;
	x->s->codec->consumed(x, n);
	x->queued = 0;
	exchange_touch(x, ANSWER_MS);
	return 1;
}

int exchange_run(struct exchange *x)
{
	x->awake = false;
	if (x->state == EXCHANGE_SCREEN)
		return keep_body(x);
	if (x->state == EXCHANGE_ANSWER) {
		if (x->queued) {
			x->s->codec->consumed(x, x->queued);
			x->queued = 0;
		}
		return give_answer(x);
	}
	if (x->state == EXCHANGE_CONNECT)
		return connected(x);
	return talk(x);
}
