/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's sound: packets by WebSocket, or a WebM stream.  A listener who does not keep up loses
 * packets, which is a crackle; of a stream nothing can be left out, so that he loses the stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "libcommon/own.h"
#include "libcommon/web_socket.h"
#include "tools/pod-web/front.h"
#include "tools/pod-web/packet.h"
#include "tools/pod-web/podside.h"

#define LISTENERS_MAX 32
#define BEHIND        (64 * 1024)
#define STREAM_BEHIND (1u << 20)
#define PIECE         16384

struct sound {
	struct front *front;
	struct web_request *q;
	struct watch pod;
	struct buf hello, in;
	size_t sent; /* of in, where it is a stream */
};

static void leave_pod(struct sound *s)
{
	loop_remove(&s->front->loop, &s->pod);
}

/* What the connection is to carry is said first; false when that cannot be. */
static bool say_hello(struct sound *s)
{
	ssize_t n = send(s->pod.fd, s->hello.data, s->hello.len, MSG_NOSIGNAL);

	buf_clear(&s->hello);
	loop_change(&s->front->loop, &s->pod, EPOLLIN);
	return n > 0;
}

static struct sound *begin(struct web_request *q, const char *hello,
			   void (*fn)(void *arg, uint32_t events))
{
	struct front *f = q->web->arg;
	struct sound *s;
	int fd;

	if (!f->has_audio || f->n_listeners >= LISTENERS_MAX) {
		if (f->has_audio)
			web_refuse(q, 503, "full", "too many listen to this desktop");
		else
			web_refuse(q, 403, "off", "sound is switched off (web_display.audio)");
		return NULL;
	}
	fd = podside_connect("audio");
	if (fd < 0) {
		web_refuse(q, 503, "away", "the pod's sound is not there (yet)");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->front = f;
	s->q = q;
	s->pod = (struct watch){.fd = fd, .fn = fn, .arg = s};
	buf_str(&s->hello, hello);
	f->n_listeners++;
	q->state = s;
	if (loop_add(&f->loop, &s->pod, EPOLLIN | EPOLLOUT) < 0)
		web_cut(q);
	return s;
}

static void finish(struct web_request *q)
{
	struct sound *s = q->state;

	if (!s)
		return;
	s->front->n_listeners--;
	leave_pod(s);
	buf_finish(&s->hello);
	buf_finish(&s->in);
	free(s);
	q->state = NULL;
}

/* --- packets --- */

static void pass_packets(struct sound *s)
{
	size_t at = 0;
	int n;

	while ((n = packet_size(s->in.data + at, s->in.len - at)) > 0) {
		if (web_socket_waiting(s->q->socket) < BEHIND)
			web_socket_send(s->q->socket, s->in.data + at, (size_t)n);
		at += (size_t)n;
	}
	s->in.len -= at;
	if (at)
		memmove(s->in.data, s->in.data + at, s->in.len);
	if (n < 0) {
		leave_pod(s);
		web_socket_close(s->q->socket, WEB_CLOSE_FAILED);
	}
}

static void on_packets(void *arg, uint32_t events)
{
	struct sound *s = arg;
	char piece[PIECE];
	ssize_t n;

	if ((events & EPOLLOUT) && s->hello.len && !say_hello(s))
		events |= EPOLLHUP;
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	n = recv(s->pod.fd, piece, sizeof(piece), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		leave_pod(s);
		web_socket_close(s->q->socket, WEB_CLOSE_AWAY);
		return;
	}
	buf_add(&s->in, piece, (size_t)n);
	pass_packets(s);
}

static void on_opened(void *arg)
{
	(void)arg;
}

/* A listener has nothing to say; that it is there keeps its session. */
static void on_data(void *arg, const uint8_t *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
}

static bool has_room(void *arg)
{
	(void)arg;
	return true;
}

static const struct web_socket_ops ops = {on_opened, on_data, has_room, on_opened};

void sound_begin(struct web_request *q)
{
	struct sound *s = begin(q, "opus\n", on_packets);

	if (s)
		web_socket_accept(q, &ops, s);
}

void sound_finish(struct web_request *q)
{
	finish(q);
}

/* --- a stream --- */

static void on_stream(void *arg, uint32_t events)
{
	struct sound *s = arg;
	char piece[PIECE];
	ssize_t n;

	if ((events & EPOLLOUT) && s->hello.len && !say_hello(s))
		events |= EPOLLHUP;
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	n = recv(s->pod.fd, piece, sizeof(piece), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && s->in.len - s->sent < STREAM_BEHIND) {
		buf_add(&s->in, piece, (size_t)n);
		web_go_on(s->q);
		return;
	}
	leave_pod(s);
	if (n > 0)
		web_cut(s->q);
	else
		web_go_on(s->q);
}

static ssize_t on_read(struct web_request *q, char *out, size_t max)
{
	struct sound *s = q->state;
	size_t n = s->in.len - s->sent;

	if (n == 0) {
		if (s->pod.fd < 0)
			return -1;
		buf_clear(&s->in);
		s->sent = 0;
		web_wait(q);
		return 0;
	}
	n = n < max ? n : max;
	memcpy(out, s->in.data + s->sent, n);
	s->sent += n;
	if (s->sent > STREAM_BEHIND) {
		s->in.len -= s->sent;
		memmove(s->in.data, s->in.data + s->sent, s->in.len);
		s->sent = 0;
	}
	return (ssize_t)n;
}

void webm_end(struct web_request *q)
{
	if (begin(q, "webm\n", on_stream))
		web_answer_stream(q, 200, "audio/webm", on_read, NULL);
}

void webm_finish(struct web_request *q)
{
	finish(q);
}
