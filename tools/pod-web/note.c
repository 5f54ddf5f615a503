/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-web/note.h"

#include <stdio.h>
#include <unistd.h>

#define BURST 50
#define RATE  2 /* a second */

void notes_init(struct notes *n, int fd, const char *pod)
{
	*n = (struct notes){.fd = fd, .tokens = BURST * 1000};
	snprintf(n->pod, sizeof(n->pod), "%s", pod);
}

void note_begin(const struct notes *n, struct event *ev, const char *name, uint32_t session)
{
	event_init(ev, n->pod, "web", name);
	if (session)
		event_num(ev, "session", session);
}

void note_send(struct notes *n, struct event *ev)
{
	buf_str(&ev->json, "}\n");
	if (write(n->fd, ev->json.data, ev->json.len) != (ssize_t)ev->json.len)
		n->lost++;
	event_finish(ev);
}

/* In thousandths of an event, so that a millisecond is worth something. */
static bool wanted(struct notes *n, uint64_t now_ms)
{
	if (n->last_ms && now_ms > n->last_ms)
		n->tokens += (now_ms - n->last_ms) * RATE;
	if (n->tokens > BURST * 1000)
		n->tokens = BURST * 1000;
	n->last_ms = now_ms;
	if (n->tokens < 1000) {
		n->lost++;
		return false;
	}
	n->tokens -= 1000;
	return true;
}

void note_refused(struct notes *n, int status, const char *why, uint64_t now_ms)
{
	struct event ev;

	if (!wanted(n, now_ms))
		return;
	note_begin(n, &ev, "web_refused", 0);
	event_num(&ev, "status", status);
	event_str(&ev, "reason", why);
	if (n->lost)
		event_num(&ev, "events_lost", (int64_t)n->lost);
	n->lost = 0;
	note_send(n, &ev);
}
