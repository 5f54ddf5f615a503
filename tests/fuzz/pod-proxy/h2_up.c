/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that speaks HTTP/2 as it likes, to three requests: whatever comes, each of them ends or
 * waits, none holds more than its window, and nothing is left over.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/h2_up.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS 3

static struct loop loop;
static struct upstreams us;

static void wake(struct exchange *x)
{
	(void)x;
}

static struct upstream *begin(const uint8_t *data, size_t size)
{
	struct upstream *u = xcalloc(1, sizeof(*u));

	loop.now_ms += 60000;
	us = (struct upstreams){.loop = &loop, .wake = wake};
	*u = (struct upstream){.of = &us, .tongue = &tongue_h2, .connected = true, .ready = true};
	u->wire.watch.fd = -1;
	h1_in_init(&u->in, true);
	if (size)
		wire_unread(&u->wire, (const char *)data, size);
	if (h2_up_open(u) < 0)
		abort();
	upstream_list(u, &us.shared);
	return u;
}

static struct call *ask(struct upstream *u, const char *method, bool end)
{
	struct call *c = xcalloc(1, sizeof(*c));
	struct message m = {.body = end ? BODY_NONE : BODY_CHUNKED};

	*c = (struct call){.u = u, .next = u->calls, .to_head = strcmp(method, "HEAD") == 0};
	if (c->next)
		c->next->prev = c;
	u->calls = c;
	u->n_calls++;
	m.method = message_store(&m, method, strlen(method));
	m.target = message_store(&m, "/", 1);
	message_add(&m, "authorization", "a-secret");
	tongue_h2.request(c, &m, "a.example", end);
	if (!end)
		tongue_h2.data(c, "body", 4);
	message_finish(&m);
	return c;
}

/* As an exchange does; false: it is over. */
static bool take(struct call *c, unsigned *interims)
{
	for (;;)
		switch (tongue_h2.step(c, 1000)) {
		case CALL_HEAD:
			if (c->head->status < 100 || c->head->status > 599)
				abort();
			if (c->head->status < 200 && ++*interims > CALL_INTERIMS)
				abort();
			break;
		case CALL_BODY:
			if (c->body_len == 0 || c->body_len > 1000)
				abort();
			memset(c->body, '*', c->body_len); /* it is ours to change */
			break;
		case CALL_READ:
			break;
		case CALL_WAITS:
			return true;
		default:
			return false;
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call *calls[CALLS];
	unsigned interims[CALLS] = {0};
	struct upstream *u;

	if (size > 65536)
		return 0;
	u = begin(data, size);
	calls[0] = ask(u, "GET", true);
	calls[1] = ask(u, "POST", false);
	calls[2] = ask(u, "HEAD", true);
	for (unsigned turns = 0; us.queue && turns < 100; turns++) {
		us.queue = NULL;
		u->queued = false;
		h2_up_run(u);
		u->wire.at = u->wire.len = 0; /* what is written goes by */
		for (size_t i = 0; i < CALLS; i++) {
			if (!calls[i])
				continue;
			if (calls[i]->h2.in.len - calls[i]->h2.in_at > H2_WINDOW)
				abort();
			if (!take(calls[i], &interims[i])) {
				upstream_put(calls[i]);
				calls[i] = NULL;
			}
		}
	}
	for (size_t i = 0; i < CALLS; i++)
		if (calls[i])
			upstream_put(calls[i]);
	if (u->n_calls || us.n_streams || u->h2->out)
		abort();
	upstream_drop(u);
	return 0;
}
