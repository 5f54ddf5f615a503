/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /api/v1/events: news as server-sent events.  A page that does not read is told "reset", and
 * asks anew for what it shows, instead of all it has missed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-dash/front.h"

#define QUEUE_MAX   (256u << 10)
#define SILENCE_MS  15000
#define STREAMS_MAX 64

struct stream {
	struct web_request *q;
	struct stream *next;
	struct buf out;
	bool is_behind;
};

/* The runner reads the counters of pods only while somebody looks. */
static void tell_runner(const struct front *f)
{
	const uint32_t packet[2] = {0, f->n_streams};

	packet_send(f->runner.fd, packet, sizeof(packet), -1);
}

static ssize_t read_stream(struct web_request *q, char *out, size_t max)
{
	struct stream *s = q->state;
	size_t n = s->out.len < max ? s->out.len : max;

	if (!n) {
		web_wait(q);
		return 0;
	}
	memcpy(out, s->out.data, n);
	memmove(s->out.data, s->out.data + n, s->out.len - n);
	s->out.len -= n;
	if (!s->out.len && s->is_behind) {
		buf_str(&s->out, "event: reset\ndata: {}\n\n");
		s->is_behind = false;
	}
	return (ssize_t)n;
}

void stream_begin(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct stream *s;

	if (f->n_streams == STREAMS_MAX) {
		web_refuse(q, 503, "crowded", "too many pages are open");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->q = q;
	s->next = f->streams;
	f->streams = s;
	f->n_streams++;
	q->state = s;
	buf_str(&s->out, "retry: 1000\n\n");
	web_answer_stream(q, 200, "text/event-stream", read_stream, NULL);
	tell_runner(f);
}

void stream_finish(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct stream *s = q->state;

	if (!s)
		return;
	for (struct stream **at = &f->streams; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			f->n_streams--;
			break;
		}
	buf_finish(&s->out);
	free(s);
	tell_runner(f);
}

static void say(struct front *f, const char *text, size_t len)
{
	for (struct stream *s = f->streams; s; s = s->next) {
		if (s->out.len + len > QUEUE_MAX)
			s->is_behind = true;
		else
			buf_add(&s->out, text, len);
		web_go_on(s->q);
	}
	f->said = f->loop.now_ms;
}

void stream_news(struct front *f, const char *json, size_t len)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (memchr(json, '\n', len))
		return;
	buf_fmt(&b, "id: %llu\nevent: news\ndata: ", (unsigned long long)++f->news);
	buf_add(&b, json, len);
	buf_str(&b, "\n\n");
	say(f, b.data, b.len);
}

/* A client that has gone is noticed when it is written to. A login that has ended hears no more. */
void stream_tick(struct front *f)
{
	web_cut_ended(&f->web);
	if (f->n_streams && f->loop.now_ms - f->said > SILENCE_MS)
		say(f, ":\n\n", 3);
}
