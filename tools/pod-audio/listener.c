/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody waits for a listener.  What a socket does not take is let go: a packet of which it took a
 * part is finished first, and what comes meanwhile is left out for this one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "tools/pod-audio/front.h"

#define SOCKET_BYTES  32768 /* what the kernel keeps for one: a second or so */
#define HELLO_MS      5000  /* until the first line */
#define STUCK_MS      30000 /* without taking anything */
#define ANSWERS_BYTES 8192  /* that wait for who asks and does not read */

static void drop(struct listener *l)
{
	l->is_gone = true; /* the front takes it out when nobody looks at it any more */
}

static void want(struct listener *l)
{
	loop_change(&l->front->loop, &l->watch, EPOLLIN | (l->rest.len ? EPOLLOUT : 0));
}

static void flush(struct listener *l)
{
	ssize_t n = l->rest.len ? send(l->watch.fd, l->rest.data, l->rest.len,
				       MSG_DONTWAIT | MSG_NOSIGNAL)
				: 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		drop(l);
		return;
	}
	if (n <= 0)
		return;
	l->moved_ms = l->front->loop.now_ms;
	l->rest.len -= (size_t)n;
	memmove(l->rest.data, l->rest.data + n, l->rest.len);
	if (!l->rest.len)
		want(l);
}

static void put(struct listener *l, const struct buf *out)
{
	if (l->is_gone)
		return;
	buf_add(&l->rest, out->data, out->len);
	flush(l);
	if (l->rest.len)
		want(l);
}

static void put_opus(struct buf *out, uint64_t usec, const void *data, size_t n)
{
	unsigned char head[10] = {(unsigned char)(n >> 8), (unsigned char)n};

	for (int i = 0; i < 8; i++)
		head[2 + i] = (unsigned char)(usec >> (8 * (7 - i)));
	buf_add(out, head, sizeof(head));
	if (n)
		buf_add(out, data, n);
}

static void put_webm(struct listener *l, struct buf *out, uint64_t usec, const void *data, size_t n)
{
	if (!l->is_begun)
		l->zero_usec = usec;
	l->is_begun = true;
	webm_packet(out, (usec - l->zero_usec + 500) / 1000, data, n);
}

void listener_packet(struct listener *l, uint64_t usec, const void *data, size_t n)
{
	OWN_BUF struct buf out = BUF_INIT;

	flush(l);
	if (l->rest.len || l->kind == LISTENER_NEW || l->kind == LISTENER_CONTROL)
		return;
	if (l->kind == LISTENER_OPUS)
		put_opus(&out, usec, data, n);
	else
		put_webm(l, &out, usec, data, n);
	put(l, &out);
}

void listener_pause(struct listener *l, uint64_t usec)
{
	OWN_BUF struct buf out = BUF_INIT;

	flush(l);
	if (l->rest.len || l->kind != LISTENER_OPUS)
		return;
	put_opus(&out, usec, NULL, 0);
	put(l, &out);
}

bool listener_is_late(const struct listener *l, uint64_t now_ms)
{
	if (l->kind == LISTENER_NEW)
		return now_ms - l->moved_ms > HELLO_MS;
	return l->rest.len && now_ms - l->moved_ms > STUCK_MS;
}

/* --- what it says --- */

static void begin(struct listener *l, enum listener_kind kind)
{
	OWN_BUF struct buf out = BUF_INIT;

	l->kind = kind;
	if (kind == LISTENER_WEBM)
		webm_header(&out, l->front->encoder.delay);
	if (out.len)
		put(l, &out);
	if (kind == LISTENER_OPUS && !l->front->encoder.sounds)
		listener_pause(l, (uint64_t)clock_ms() * 1000);
}

static void first_line(struct listener *l, const char *line, size_t n)
{
	static const struct {
		const char *word;
		enum listener_kind kind;
	} words[] = {
		{"opus", LISTENER_OPUS}, {"webm", LISTENER_WEBM}, {"control", LISTENER_CONTROL}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == n && memcmp(words[i].word, line, n) == 0) {
			begin(l, words[i].kind);
			return;
		}
	drop(l);
}

static void request(struct listener *l, const char *line, size_t n)
{
	OWN_BUF struct buf answer = BUF_INIT;

	control_answer(l->front, line, n, &answer);
	put(l, &answer);
	if (l->rest.len > ANSWERS_BYTES)
		drop(l);
}

static void take_lines(struct listener *l)
{
	char *end;

	while (!l->is_gone && l->in.len && (end = memchr(l->in.data, '\n', l->in.len))) {
		size_t n = (size_t)(end - l->in.data);

		if (l->kind == LISTENER_NEW)
			first_line(l, l->in.data, n);
		else
			request(l, l->in.data, n);
		l->in.len -= n + 1;
		memmove(l->in.data, end + 1, l->in.len);
	}
	if (l->in.len > LINE_MAX_LEN)
		drop(l);
}

static void on_event(void *arg, uint32_t events)
{
	struct listener *l = arg;
	char data[LINE_MAX_LEN];
	ssize_t n;

	if (events & EPOLLOUT)
		flush(l);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || l->is_gone)
		return;
	n = read(l->watch.fd, data, sizeof(data));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(l);
	/* Who hears has nothing more to say: it is read, so that his end is seen. */
	if (n <= 0 || l->kind == LISTENER_OPUS || l->kind == LISTENER_WEBM)
		return;
	l->moved_ms = l->front->loop.now_ms;
	buf_add(&l->in, data, (size_t)n);
	take_lines(l);
}

void listener_add(struct front *f, int fd)
{
	struct listener *l;
	int bytes = SOCKET_BYTES;

	if (f->n == LISTENERS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	l = xcalloc(1, sizeof(*l));
	*l = (struct listener){.watch = {.fd = fd, .fn = on_event, .arg = l},
			       .front = f,
			       .moved_ms = f->loop.now_ms};
	if (loop_add(&f->loop, &l->watch, EPOLLIN) < 0) {
		close(fd);
		free(l);
		return;
	}
	f->v[f->n++] = l;
}

void listener_finish(struct listener *l)
{
	loop_remove(&l->front->loop, &l->watch);
	buf_finish(&l->in);
	buf_finish(&l->rest);
	free(l);
}
