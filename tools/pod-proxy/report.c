/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/report.h"

#include <string.h>

#include "libcommon/address.h"
#include "libcommon/counters.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/screening.h"

#define KEYS_SHOWN 8
#define PATH_SHOWN 1024 /* an event is one write of 4096 bytes at most */

void report_path(struct buf *b, const char *target)
{
	const char *query = strchr(target, '?');
	size_t len = query ? (size_t)(query - target) : strlen(target);
	bool value = false; /* of a word; one without '=' may be a secret itself */

	buf_add(b, target, len < PATH_SHOWN ? len : PATH_SHOWN);
	for (; query && *query && b->len < PATH_SHOWN; query++) {
		if (*query == '&' || *query == '?' || *query == ';')
			value = false;
		if (!value)
			buf_char(b, *query);
		if (*query == '=' && !value) {
			buf_char(b, '*');
			value = true;
		}
	}
}

static void begin(struct event *ev, const struct session *s, const char *name)
{
	char text[INET6_ADDRSTRLEN];

	event_init(ev, s->in->pod.name, "proxy", name);
	event_str(ev, "name", s->name);
	event_str(ev, "address", address_text(&s->address, text));
	event_num(ev, "port", s->port);
}

static void add_request(struct event *ev, const struct exchange *x)
{
	OWN_BUF struct buf path = BUF_INIT;

	report_path(&path, message_text(&x->request, x->request.target));
	event_str(ev, "method", message_text(&x->request, x->request.method));
	event_str(ev, "path", path.len ? path.data : "");
}

static void add_keys(struct event *ev, const struct exchange *x)
{
	char *keys[KEYS_SHOWN + 1] = {0};

	if (!x->site || !x->site->n_binds || !x->injected)
		return;
	for (size_t i = 0; i < x->site->n_binds && i < KEYS_SHOWN; i++)
		keys[i] = x->site->binds[i].key;
	event_str(ev, "key", keys[0]);
	event_strv(ev, "keys", keys);
}

/* Those of a cache are cheap, and some count them among the others: they are left out. */
static void count_tokens(const struct exchange *x)
{
	static const enum usage_kind kinds[] = {USAGE_INPUT, USAGE_OUTPUT, USAGE_THOUGHT};

	for (size_t i = 0; x->usage.any && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		counters_add(x->s->in->counters, COUNT_TOKENS, x->usage.count[kinds[i]]);
}

static void report_usage(const struct exchange *x)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &x->s->in->notes;

	count_tokens(x);
	if (!x->usage.any || !note_wanted(&n->usage, x->s->in->loop.now_ms))
		return;
	begin(&ev, x->s, "model_usage");
	event_str(&ev, "api", usage_api_word(x->usage.api));
	add_keys(&ev, x);
	for (size_t i = 0; i < USAGE_KINDS; i++)
		if (x->usage.count[i])
			event_num(&ev, usage_words[i], (int64_t)x->usage.count[i]);
	note_send(n, &n->usage, &ev);
}

void report_exchange(const struct exchange *x)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &x->s->in->notes;
	struct note_bucket *b = x->rule ? &n->refused : &n->passed;
	uint64_t now = x->s->in->loop.now_ms;

	report_usage(x);
	counters_add(x->s->in->counters, COUNT_REQUESTS, 1);
	counters_add(x->s->in->counters, COUNT_REQUESTS_DENIED, x->rule != NULL);
	if (!note_wanted(b, now))
		return;
	begin(&ev, x->s, x->rule ? "http_denied" : "http_request");
	add_request(&ev, x);
	event_num(&ev, "status", x->status);
	event_num(&ev, "bytes_up", (int64_t)x->up_bytes);
	event_num(&ev, "bytes_down", (int64_t)x->down_bytes);
	event_num(&ev, "ms", (int64_t)(now - x->began_ms));
	add_keys(&ev, x);
	if (x->rule)
		event_str(&ev, "rule", x->rule);
	note_send(n, b, &ev);
}

void report_canary(const struct exchange *x, const char *key, const char *place)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &x->s->in->notes;

	if (!note_wanted(&n->canary, x->s->in->loop.now_ms))
		return;
	begin(&ev, x->s, "canary");
	event_str(&ev, "key", key);
	event_str(&ev, "place", place);
	event_str(&ev, "action", x->policy->sites.freeze ? "freeze" : "alert");
	note_send(n, &n->canary, &ev);
}

static const char *action_of(const struct exchange *x)
{
	return x->site->screen == SCREEN_BLOCK ? "block" : "alert";
}

/* NULL: there was no room for it among those that are told. */
static void report_hit(const struct exchange *x, const struct screen_answer *a,
		       const struct screen_hit *h)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &x->s->in->notes;

	if (!note_wanted(&n->screened, x->s->in->loop.now_ms))
		return;
	begin(&ev, x->s, "screen_hit");
	add_request(&ev, x);
	event_str(&ev, "api", a->api);
	if (h) {
		event_str(&ev, "category", h->category);
		event_str(&ev, "rule", h->rule);
		event_str(&ev, "rule_severity", h->severity);
	}
	event_str(&ev, "action", action_of(x));
	note_send(n, &n->screened, &ev);
}

void report_screened(const struct exchange *x, const struct screen_answer *a)
{
	for (size_t i = 0; i < a->n; i++)
		report_hit(x, a, &a->hits[i]);
	if (!a->n)
		report_hit(x, a, NULL);
}

void report_unscreened(const struct exchange *x, const char *reason)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &x->s->in->notes;

	if (!note_wanted(&n->screened, x->s->in->loop.now_ms))
		return;
	begin(&ev, x->s, "screen_skipped");
	add_request(&ev, x);
	event_str(&ev, "reason", reason);
	event_str(&ev, "action", action_of(x));
	note_send(n, &n->screened, &ev);
}

void report_upstream(const struct exchange *x, const char *event, const char *reason)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &x->s->in->notes;

	if (!note_wanted(&n->refused, x->s->in->loop.now_ms))
		return;
	begin(&ev, x->s, event);
	event_str(&ev, "reason", reason);
	note_send(n, &n->refused, &ev);
}

static void report_advice(const struct session *s, const char *event, const char *reason,
			  const char *hint)
{
	OWN_EVENT struct event ev = {0};
	struct notes *n = &s->in->notes;

	if (!note_wanted(&n->refused, s->in->loop.now_ms))
		return;
	begin(&ev, s, event);
	event_str(&ev, "reason", reason);
	event_str(&ev, "hint", hint);
	note_send(n, &n->refused, &ev);
}

void report_untrusted(const struct session *s, const char *reason)
{
	report_advice(
		s, "ca_untrusted", reason,
		"the program does not use the pod's certificates (it may have its own, or want "
		"one of its variables set); without a binding this host is passed through untouched");
}

void report_no_leaf(const struct session *s)
{
	OWN_FREE char *hint =
		xfmt("pod-proxy ca %s makes what is missing; if it happens again, see whether the "
		     "host's clock is right",
		     s->in->pod.name);

	report_advice(s, "ca_missing",
		      s->in->leaves.overdue ? "the pod's authority is not valid by the host's clock"
		      : s->in->stale        ? "the pod has another authority by now"
					    : "no authority of the pod's may sign for this host",
		      hint);
}
