/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-dns/stream.h"

#define CHASES 8 /* times that a chain may break off */

struct waiter {
	struct waiter *next;
	void (*done)(void *arg, const struct answer *a, const char *why);
	void *arg;
};

struct lookup {
	struct lookup *next;
	struct resolver *r;
	struct name name;
	uint16_t type;
	bool is_remapped, is_over;
	unsigned chases, generation;
	struct waiter *waiters;
	struct reply *reply; /* once the first message came, or a remap began it */
	uint8_t *buffer;
	struct ask ask;
};

void resolver_init(struct resolver *r, struct loop *l)
{
	*r = (struct resolver){
		.loop = l, .cache = answers_new(RESOLVER_CACHE), .upstreams.loop = l};
}

static void lookup_free(struct lookup *l)
{
	struct waiter *w;

	while ((w = l->waiters)) {
		l->waiters = w->next;
		l->r->n_wants--;
		free(w);
	}
	free(l->reply);
	free(l->buffer);
	free(l);
}

void resolver_finish(struct resolver *r)
{
	struct lookup *l;

	while ((l = r->lookups)) {
		r->lookups = l->next;
		ask_cancel(&l->ask);
		lookup_free(l);
	}
	stream_free_all(&r->upstreams);
	answers_free(r->cache);
}

/* Everybody is told before the lookup goes; what they do then may begin new lookups. */
static void finish(struct lookup *l, const struct answer *a, const char *why)
{
	struct waiter *w;

	l->is_over = true;
	while ((w = l->waiters)) {
		l->waiters = w->next;
		l->r->n_wants--;
		w->done(w->arg, a, why);
		free(w);
	}
}

static void begin_reply(struct lookup *l)
{
	l->reply = xcalloc(1, sizeof(*l->reply));
	l->buffer = xcalloc(1, MESSAGE_MAX);
	reply_begin(l->reply, l->buffer, &l->name, l->type);
}

static void on_answer(void *arg, const uint8_t *msg, size_t len)
{
	struct lookup *l = arg;
	struct answer a;
	enum reply_state state;

	if (!msg) {
		finish(l, NULL, l->ask.why);
		return;
	}
	if (!l->reply)
		begin_reply(l);
	state = reply_feed(l->reply, msg, len, &l->r->filter);
	if (state == REPLY_BAD || (state == REPLY_CHASE && ++l->chases > CHASES)) {
		finish(l, NULL, "the resolver's answer makes no sense");
		return;
	}
	if (state == REPLY_CHASE) {
		l->ask.name = l->reply->now;
		name_lower(&l->ask.name);
		ask_start(&l->ask);
		return;
	}
	if (l->generation == l->r->generation)
		answers_put(l->r->cache, &l->name, l->type, l->r->loop->now_ms, l->reply);
	a = answer_of(l->reply);
	finish(l, &a, NULL);
}

static struct lookup *find(const struct resolver *r, const struct want *w)
{
	for (struct lookup *l = r->lookups; l; l = l->next)
		if (!l->is_over && l->generation == r->generation && l->type == w->type &&
		    l->is_remapped == (w->instead != NULL) && name_equal(&l->name, &w->name))
			return l;
	return NULL;
}

static struct lookup *begin(struct resolver *r, const struct want *w)
{
	struct lookup *l = xcalloc(1, sizeof(*l));

	l->r = r;
	l->name = w->name;
	l->type = w->type;
	l->generation = r->generation;
	l->is_remapped = w->instead != NULL;
	l->ask = (struct ask){.us = &r->upstreams,
			      .name = w->instead ? *w->instead : w->name,
			      .type = w->type,
			      .done = on_answer,
			      .arg = l};
	if (w->instead) {
		begin_reply(l);
		reply_alias(l->reply, w->instead);
	}
	l->next = r->lookups;
	r->lookups = l;
	r->n_lookups++;
	ask_start(&l->ask);
	return l;
}

enum resolver_state resolver_get(struct resolver *r, const struct want *w, struct answer *a)
{
	struct lookup *l;
	struct waiter *waiter;

	if (answers_get(r->cache, &w->name, w->type, r->loop->now_ms, a))
		return RESOLVER_READY;
	l = find(r, w);
	if (r->n_wants >= RESOLVER_WANTS || (!l && r->n_lookups >= RESOLVER_LOOKUPS))
		return RESOLVER_BUSY;
	if (!l)
		l = begin(r, w);
	waiter = xcalloc(1, sizeof(*waiter));
	*waiter = (struct waiter){l->waiters, w->done, w->arg};
	l->waiters = waiter;
	r->n_wants++;
	return RESOLVER_WAIT;
}

void resolver_forget(struct resolver *r)
{
	r->generation++;
	answers_clear(r->cache);
}

void resolver_restart(struct resolver *r)
{
	for (struct lookup *l = r->lookups; l; l = l->next)
		if (!l->is_over) {
			ask_cancel(&l->ask);
			finish(l, NULL, "the host's resolvers have changed");
		}
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

int resolver_tick(struct resolver *r)
{
	struct lookup **at = &r->lookups, *l;
	int next = stream_tick(&r->upstreams);

	for (l = r->lookups; l; l = l->next)
		if (!l->is_over)
			ask_tick(&l->ask);
	while ((l = *at)) {
		uint64_t now = r->loop->now_ms;

		if (l->is_over) {
			*at = l->next;
			r->n_lookups--;
			lookup_free(l);
			continue;
		}
		next = sooner(next, l->ask.next_ms > now ? (int)(l->ask.next_ms - now) : 0);
		at = &l->next;
	}
	return next;
}
