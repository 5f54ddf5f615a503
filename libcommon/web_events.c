/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/web_events.h"

#include <stdlib.h>
#include <string.h>

#define COMMENT_MS 15000

static ssize_t on_read(struct web_request *q, char *out, size_t max)
{
	struct web_stream *s = q->state;
	size_t n = s->out.len - s->sent;

	if (n == 0) {
		buf_clear(&s->out);
		s->sent = 0;
		web_wait(q);
		return 0;
	}
	n = n < max ? n : max;
	memcpy(out, s->out.data + s->sent, n);
	s->sent += n;
	return (ssize_t)n;
}

/* Where the event ends that has been sent in part: it must be whole. */
static size_t end_of_begun(const struct web_stream *s)
{
	if (s->sent == 0)
		return 0;
	for (size_t at = s->sent; at < s->out.len; at++)
		if (at >= 2 && memcmp(s->out.data + at - 2, "\n\n", 2) == 0)
			return at;
	return s->out.len;
}

static void add(struct web_stream *s, const char *event, const char *data, size_t len)
{
	buf_fmt(&s->out, "id: %llu\nevent: %s\ndata: ", (unsigned long long)s->all->id, event);
	buf_add(&s->out, data, len);
	buf_str(&s->out, "\n\n");
}

void web_stream_put(struct web_stream *s, const char *event, const char *data, size_t len)
{
	s->all->id++;
	if (s->out.len - s->sent + len > WEB_STREAM_MAX) {
		s->out.len = end_of_begun(s);
		add(s, "reset", "{}", 2);
	} else {
		add(s, event, data, len);
	}
	web_go_on(s->q);
}

struct web_stream *web_stream_begin(struct web_streams *all, struct web_request *q)
{
	static const char *const headers[] = {"X-Accel-Buffering", "no", NULL};
	struct web_stream *s;

	if (all->n >= WEB_STREAMS_MAX) {
		web_refuse(q, 503, "full", "too many streams of events");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->all = all;
	s->q = q;
	s->next = all->first;
	all->first = s;
	all->n++;
	q->state = s;
	buf_str(&s->out, "retry: 1000\n\n");
	web_answer_stream(q, 200, "text/event-stream", on_read, headers);
	return s;
}

void web_stream_finish(struct web_request *q)
{
	struct web_stream *s = q->state;

	if (!s)
		return;
	for (struct web_stream **at = &s->all->first; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			s->all->n--;
			break;
		}
	buf_finish(&s->out);
	free(s);
	q->state = NULL;
}

void web_streams_each(struct web_streams *all, void (*fn)(struct web_stream *s, void *arg),
		      void *arg)
{
	for (struct web_stream *s = all->first; s; s = s->next)
		fn(s, arg);
}

struct news {
	const char *event, *data;
	size_t len;
};

static void put_news(struct web_stream *s, void *arg)
{
	const struct news *n = arg;

	web_stream_put(s, n->event, n->data, n->len);
}

void web_streams_put(struct web_streams *all, const char *event, const char *data, size_t len)
{
	struct news n = {event, data, len};

	web_streams_each(all, put_news, &n);
}

static void put_comment(struct web_stream *s, void *arg)
{
	(void)arg;
	if (s->out.len == s->sent)
		buf_str(&s->out, ": still here\n\n");
	web_go_on(s->q);
}

void web_streams_tick(struct web_streams *all, uint64_t now_ms)
{
	if (now_ms - all->told_ms < COMMENT_MS)
		return;
	all->told_ms = now_ms;
	web_streams_each(all, put_comment, NULL);
}
