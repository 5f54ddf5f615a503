/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/note.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/address.h"
#include "libcommon/record.h"

#define BURST 200
#define RATE  20 /* a second, of each kind */

void notes_init(struct notes *n, int fd, const char *pod)
{
	const struct note_bucket full = {.tokens = BURST * 1000};

	*n = (struct notes){.fd = fd,
			    .passed = full,
			    .refused = full,
			    .canary = full,
			    .usage = full,
			    .screened = full};
	snprintf(n->pod, sizeof(n->pod), "%s", pod);
}

/* In thousandths of an event, so that a millisecond is worth something. */
static bool bucket_take(struct note_bucket *b, uint64_t now_ms)
{
	if (b->last_ms && now_ms > b->last_ms)
		b->tokens += (now_ms - b->last_ms) * RATE;
	if (b->tokens > BURST * 1000)
		b->tokens = BURST * 1000;
	b->last_ms = now_ms;
	if (b->tokens < 1000)
		return false;
	b->tokens -= 1000;
	return true;
}

bool note_wanted(struct note_bucket *b, uint64_t now_ms)
{
	if (bucket_take(b, now_ms))
		return true;
	b->lost++;
	return false;
}

void note_send(struct notes *n, struct note_bucket *b, struct event *ev)
{
	if (b->lost)
		event_num(ev, "events_lost", (int64_t)b->lost);
	buf_str(&ev->json, "}\n");
	if (write(n->fd, ev->json.data, ev->json.len) == (ssize_t)ev->json.len)
		b->lost = 0;
	else
		b->lost++;
}

static void write_event(struct notes *n, struct note_bucket *b, const struct note *what)
{
	OWN_EVENT struct event ev;
	char text[INET6_ADDRSTRLEN];

	event_init(&ev, n->pod, "proxy", what->event);
	if (what->address) {
		event_str(&ev, "address", address_text(what->address, text));
		event_num(&ev, "port", what->port);
	}
	if (what->name && *what->name)
		event_str(&ev, "name", what->name);
	if (what->rule)
		event_str(&ev, "rule", what->rule);
	if (what->reason)
		event_str(&ev, "reason", what->reason);
	note_send(n, b, &ev);
}

void note(struct notes *n, const struct note *what, uint64_t now_ms)
{
	struct note_bucket *b = what->reason ? &n->refused : &n->passed;

	if (note_wanted(b, now_ms))
		write_event(n, b, what);
}

void note_port(struct notes *n, const char *event, const struct port *p)
{
	OWN_EVENT struct event ev;
	char text[PORT_TEXT];

	event_init(&ev, n->pod, "proxy", event);
	event_str(&ev, "scope", port_keys[p->scope]);
	event_str(&ev, "port", port_text(p, text));
	buf_str(&ev.json, "}\n");
	if (write(n->fd, ev.json.data, ev.json.len) != (ssize_t)ev.json.len)
		n->passed.lost++;
}
