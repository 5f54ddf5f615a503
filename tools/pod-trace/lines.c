/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"

#define LINE_MAX_BYTES 4096 /* what a keeper takes, in one write */
#define WAITING_MAX    (512 * 1024)
#define TELL_MS        1000

void lines_init(struct lines *l, int fd, const char *pod)
{
	*l = (struct lines){.fd = fd,
			    .pod = pod,
			    .tokens = LINES_BURST * 1000ull,
			    .filled_ms = (uint64_t)clock_ms(),
			    .told_ms = clock_ms() - TELL_MS};
}

void lines_finish(struct lines *l)
{
	buf_finish(&l->waiting);
}

static void refill(struct lines *l)
{
	uint64_t now = (uint64_t)clock_ms();

	l->tokens += (now - l->filled_ms) * LINES_SECOND;
	if (l->tokens > LINES_BURST * 1000ull)
		l->tokens = LINES_BURST * 1000ull;
	l->filled_ms = now;
}

bool lines_allow(struct lines *l)
{
	if (l->tokens < 1000)
		refill(l);
	if (l->tokens >= 1000) {
		l->tokens -= 1000;
		return true;
	}
	l->rated++;
	return false;
}

static bool put(struct lines *l, const struct event *ev)
{
	size_t len = ev->json.len + 2;

	if (len > LINE_MAX_BYTES || l->waiting.len + len > WAITING_MAX)
		return false;
	buf_add(&l->waiting, ev->json.data, ev->json.len);
	buf_str(&l->waiting, "}\n");
	return true;
}

void lines_add(struct lines *l, const struct event *ev)
{
	if (!put(l, ev))
		l->lost++;
}

static void tell_gap(struct lines *l)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, l->pod, "trace", "trace_gap");
	event_num(&ev, "count", (int64_t)(l->lost + l->rated));
	event_num(&ev, "queue", (int64_t)l->lost);
	event_num(&ev, "rate", (int64_t)l->rated);
	if (l->writes_lost)
		event_bool(&ev, "writes", true);
	if (!put(l, &ev))
		return;
	l->lost = l->rated = 0;
	l->writes_lost = false;
	l->told_ms = clock_ms();
}

void lines_flush(struct lines *l, uint64_t kernel_lost, bool last)
{
	l->lost += kernel_lost - l->kernel_lost;
	l->kernel_lost = kernel_lost;
	if ((l->lost || l->rated || l->writes_lost) && (last || clock_ms() - l->told_ms >= TELL_MS))
		tell_gap(l);
	while (l->waiting.len &&
	       write_lines(l->fd, l->waiting.data, &l->waiting.len, LINE_MAX_BYTES))
		;
}

/* As long as what was lost is not told, it is counted nowhere: both go, or nobody reads. */
void lines_end(struct lines *l, uint64_t kernel_lost)
{
	const int64_t until = clock_ms() + LINES_END_MS;
	struct pollfd to = {.fd = l->fd, .events = POLLOUT};

	lines_flush(l, kernel_lost, true);
	while (lines_wait(l)) {
		const int64_t left = until - clock_ms();

		if (left <= 0 || poll(&to, 1, (int)left) <= 0 || !(to.revents & POLLOUT))
			return;
		lines_flush(l, kernel_lost, true);
	}
}

bool lines_wait(const struct lines *l)
{
	return l->waiting.len || l->lost || l->rated || l->writes_lost;
}
