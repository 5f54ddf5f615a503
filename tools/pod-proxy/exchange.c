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
#include <strings.h>

#include "libcommon/jsonw.h"
#include "tools/pod-proxy/canary.h"
#include "tools/pod-proxy/report.h"
#include "tools/pod-proxy/response.h"
#include "tools/pod-proxy/text.h"

#define CONNECT_MS 30000
#define PIECES     64 /* of a response in one turn */

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

	report_exchange(x);
	meter_end(x->meter, x->up_bytes + x->down_bytes);
	unzip_free(x->unzip);
	if (x->up)
		upstream_put(x->up);
	if (x->prev)
		x->prev->next = x->next;
	else
		s->exchanges = x->next;
	if (x->next)
		x->next->prev = x->prev;
	s->n_exchanges--;
	policy_drop(x->policy);
	message_finish(&x->request);
	if (x->held.data)
		explicit_bzero(x->held.data, x->held.cap);
	buf_finish(&x->held);
	buf_finish(&x->tail);
	buf_finish(&x->answer);
	free(x);
}

void exchange_cancel(struct exchange *x)
{
	if (x->up)
		x->up->unclean = true;
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

void exchange_refuse(struct exchange *x, const struct refusal *why)
{
	if (x->up) {
		x->up->unclean = true;
		upstream_put(x->up);
		x->up = NULL;
	}
	write_answer(x, why);
	x->status = why->status;
	x->rule = why->rule;
	x->retry_after = why->retry_after;
	x->state = EXCHANGE_ANSWER;
	exchange_wake(x);
}

static void refuse(struct exchange *x, int status, const char *rule, const char *error)
{
	exchange_refuse(x, &(struct refusal){.status = status, .error = error, .rule = rule});
}

void exchange_fail(struct exchange *x, const char *event, const char *reason)
{
	bool answers = x->state == EXCHANGE_ANSWER;
	char text[240];

	if (!answers)
		report_upstream(x, event, reason);
	if (x->up)
		x->up->unclean = true;
	if (!x->responded && !answers) {
		snprintf(text, sizeof(text), "the server's side failed: %s", reason);
		refuse(x, 502, event, text);
		return;
	}
	x->rule = answers ? x->rule : event;
	x->s->codec->reset(x);
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

static bool is_ours(const struct exchange *x)
{
	const char *authority = message_text(&x->request, x->request.authority);
	char name[NAME_TEXT];
	unsigned port = 0;

	return text_host((struct text){authority, strlen(authority)}, name, &port) == 0 &&
	       strcmp(name, x->s->name) == 0 && (port == 0 || port == x->s->port);
}

static int inject(struct exchange *x)
{
	const struct secrets *have = &x->s->in->secrets;
	const char *key = "";
	char text[SECRETS_WHY + 80];
	int r;

	if (x->site->n_binds && !x->s->tls) {
		refuse(x, 403, "plain", "no credential is sent without TLS");
		return -EACCES;
	}
	if (x->site->n_binds && have->locked) {
		snprintf(text, sizeof(text), "the vault is locked: %s", have->locked);
		refuse(x, 503, "locked", text);
		return -ENOKEY;
	}
	r = site_inject(x->site, have, &x->request, &key);
	if (r == -ENOKEY) {
		snprintf(text, sizeof(text), "the vault has no value for %.128s", key);
		refuse(x, 503, "no_value", text);
	} else if (r < 0) {
		refuse(x, 400, "request", "this request cannot be passed on");
	}
	return r;
}

static int meter(struct exchange *x)
{
	char text[80];
	unsigned wait;
	const char *rule =
		meter_begin(&x->s->in->meters, x->site, x->s->in->loop.now_ms, &x->meter, &wait);

	if (!rule)
		return 0;
	snprintf(text, sizeof(text), "the pod's limit for this host is reached: %s", rule);
	exchange_refuse(
		x,
		&(struct refusal){.status = 429, .error = text, .rule = rule, .retry_after = wait});
	return -EACCES;
}

/* 0: it may be sent. */
static int admit(struct exchange *x)
{
	const char *rule;

	x->site = sites_find(&x->policy->sites, x->s->name, x->s->port);
	canary_head(x);
	if (!x->site) {
		x->s->draining = true;
		refuse(x, 421, "unbound", "this host is not looked into any more: connect again");
		return -EACCES;
	}
	if (!is_ours(x)) {
		refuse(x, 421, "host", "this connection is for another host");
		return -EACCES;
	}
	rule = site_judge(x->site, &x->request);
	if (rule) {
		exchange_refuse(x, &(struct refusal){.status = 403,
						     .error = "refused by a rule of the pod",
						     .rule = rule,
						     .ask = "envpod vault, network.http"});
		return -EACCES;
	}
	return meter(x) < 0 ? -EACCES : inject(x);
}

static void connect_to(struct exchange *x, bool fresh)
{
	struct session *s = x->s;

	x->up = upstream_get(&s->in->upstreams, s->name, &s->address, s->port, s->tls, fresh, x);
	x->state = EXCHANGE_CONNECT;
	exchange_touch(x, CONNECT_MS);
	if (!x->up)
		exchange_fail(x, "upstream_failed", "no connection could be made");
}

struct exchange *exchange_begin(struct session *s, void *stream, struct message *m, bool end)
{
	struct exchange *x = exchange_new(s, stream, m);

	x->ended = end;
	x->left = x->request.body == BODY_LENGTH ? x->request.length : UINT64_MAX;
	exchange_touch(x, ANSWER_MS);
	if (admit(x) == 0)
		connect_to(x, false);
	return x;
}

size_t exchange_room(const struct exchange *x)
{
	size_t room;

	if (x->state == EXCHANGE_ANSWER)
		return H1_IN; /* thrown away */
	if (x->state == EXCHANGE_CONNECT)
		return 0;
	room = wire_room(&x->up->wire);
	return room > 32 ? room - 32 : 0; /* for what is put around a chunk */
}

void exchange_data(struct exchange *x, const char *data, size_t len)
{
	if (len == 0)
		return;
	x->up_bytes += len;
	canary_body(x, data, len);
	if (x->state == EXCHANGE_ANSWER) {
		x->queued += len;
		return;
	}
	if (len > x->left) /* a codec has let by more than was said */
		len = (size_t)x->left;
	x->left -= len;
	if (x->state == EXCHANGE_TALK && x->request.body == BODY_CHUNKED)
		h1_write_chunk(&x->up->wire, data, len);
	else
		wire_add(&x->up->wire, data, len);
	x->queued += len;
	exchange_wake(x);
}

void exchange_end(struct exchange *x)
{
	if (x->ended)
		return;
	x->ended = true;
	if (x->state == EXCHANGE_TALK && x->request.body == BODY_CHUNKED)
		h1_write_last(&x->up->wire, NULL);
	exchange_wake(x);
}

/* --- sending it --- */

static void write_head(struct exchange *x)
{
	char host[NAME_TEXT + 8];
	bool usual = x->s->port == (x->s->tls ? 443 : 80);

	snprintf(host, sizeof(host), usual ? "%s" : "%s:%u", x->s->name, x->s->port);
	h1_in_next(&x->up->in, strcmp(message_text(&x->request, x->request.method), "HEAD") == 0);
	h1_write_request(&x->up->wire, &x->request, host);
	x->state = EXCHANGE_TALK;
	exchange_touch(x, ANSWER_MS);
}

/* The body is asked for once it can go on; the server is not asked whether it wants it. */
static void ask_for_body(struct exchange *x)
{
	struct message m = {.status = 100};

	if (x->request.expect && !x->ended)
		x->s->codec->head(x, &m, false);
	message_finish(&m);
}

/* Nothing of the request was seen by anybody. */
bool exchange_try_again(struct exchange *x)
{
	static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
	const char *method = message_text(&x->request, x->request.method);
	bool may = false;

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		may |= strcmp(method, safe[i]) == 0;
	if (!may || x->tried || !x->up->used || x->up_bytes || !x->ended || x->responded ||
	    x->up->in.len || x->interim || x->state != EXCHANGE_TALK)
		return false;
	x->tried = true;
	x->up->unclean = true;
	upstream_put(x->up);
	connect_to(x, true);
	return true;
}

static int connected(struct exchange *x)
{
	int r = upstream_ready(x->up);

	if (r == -EAGAIN)
		return 0;
	if (r == 0) {
		write_head(x);
		ask_for_body(x);
		exchange_wake(x);
	} else if (r == -EKEYREJECTED) {
		exchange_fail(x, "upstream_untrusted", x->up->wire.error);
	} else {
		exchange_fail(x, "upstream_failed",
			      r == -EPROTO ? x->up->wire.error : strerror(-r));
	}
	return 1;
}

/* --- a turn --- */

static int send_on(struct exchange *x)
{
	size_t had = x->up->wire.len - x->up->wire.at;
	int r = wire_flush(&x->up->wire);

	if (r == -EPIPE) /* it may have answered all the same */
		x->up->unclean = true;
	if (x->queued && x->up->wire.at == x->up->wire.len) {
		x->s->codec->consumed(x, x->queued);
		x->queued = 0;
		exchange_touch(x, ANSWER_MS);
	}
	if (x->state == EXCHANGE_TUNNEL && x->ended && r == 0)
		wire_shutdown(&x->up->wire);
	return had && r == 0;
}

static int talk(struct exchange *x)
{
	int did = send_on(x), r = 1;

	x->stalled = false;
	for (unsigned n = 0; r == 1 && n < PIECES; n++) {
		r = response_step(x);
		did |= r != 0;
		if (r == 2)
			return 1;
	}
	if (r == 1)
		exchange_wake(x);
	return did;
}

int exchange_run(struct exchange *x)
{
	x->awake = false;
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
