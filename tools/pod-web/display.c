/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /ws/display: a viewer's WebSocket on the one side, a connection to pod-display on the other, and
 * bytes between them.  What comes from the pod goes to the one who asked, and is looked at here as
 * far as RFB's greeting: its 12 bytes leave as a message of their own, and what follows waits for
 * the viewer's, because there are clients that read one message of a handshake at a time.
 *
 * What comes from the pod is always read, or its encoder would wait for one viewer and all others
 * with it; a viewer who lets too much wait is given a second, and then dropped.
 */
#include "tools/pod-web/display.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-web/podside.h"

#define GREETING  12
#define TO_POD    (64 * 1024) /* bytes of the viewer's that wait for the pod */
#define PIECE     (64 * 1024)
#define TO_VIEWER (8u << 20) /* bytes of the pod's that wait for the viewer */
#define GRACE_MS  1000
#define STALL_MS  30000 /* so long the pod may take nothing of what waits for it */

/* --- the pod's side --- */

static void watch_pod(struct viewer *v)
{
	struct front *f = v->front;
	bool reads = web_socket_is_open(v->q->socket) && !v->full_ms &&
		     (v->from_pod < GREETING || v->from_viewer >= GREETING);

	if (v->pod.fd >= 0)
		loop_change(&f->loop, &v->pod,
			    (reads ? EPOLLIN : 0) | (v->to_pod.len ? EPOLLOUT : 0));
}

static void leave_pod(struct viewer *v)
{
	loop_remove(&v->front->loop, &v->pod);
}

static void end_with(struct viewer *v, enum web_close why)
{
	leave_pod(v);
	web_socket_close(v->q->socket, why);
}

/* "RFB 003.008\n" */
static bool is_greeting(const char *text)
{
	static const char form[GREETING + 1] = "RFB 000.000\n";

	for (int i = 0; i < GREETING; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : form[i] != text[i])
			return false;
	return true;
}

static void take_greeting(struct viewer *v)
{
	ssize_t n = recv(v->pod.fd, v->greeting + v->from_pod, GREETING - v->from_pod, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			end_with(v, WEB_CLOSE_LATER);
		return;
	}
	v->from_pod += (uint64_t)n;
	if (v->from_pod < GREETING)
		return;
	if (!is_greeting(v->greeting)) {
		end_with(v, WEB_CLOSE_FAILED);
		return;
	}
	web_socket_send(v->q->socket, v->greeting, GREETING);
}

static void take_frames(struct viewer *v)
{
	static char piece[PIECE];
	ssize_t n = recv(v->pod.fd, piece, sizeof(piece), 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			end_with(v, WEB_CLOSE_AWAY);
		return;
	}
	v->from_pod += (uint64_t)n;
	web_socket_send(v->q->socket, piece, (size_t)n);
	if (web_socket_waiting(v->q->socket) > TO_VIEWER)
		v->full_ms = v->front->loop.now_ms;
}

static void flush_pod(struct viewer *v)
{
	ssize_t n;

	if (v->pod.fd < 0 || !v->to_pod.len)
		return;
	n = send(v->pod.fd, v->to_pod.data, v->to_pod.len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		end_with(v, WEB_CLOSE_AWAY);
		return;
	}
	if (n > 0) {
		v->to_pod.len -= (size_t)n;
		memmove(v->to_pod.data, v->to_pod.data + n, v->to_pod.len);
		v->moved_ms = v->front->loop.now_ms;
	}
	web_socket_pull(v->q->socket);
}

static void on_pod(void *arg, uint32_t events)
{
	struct viewer *v = arg;

	if (events & EPOLLOUT)
		flush_pod(v);
	if (v->pod.fd >= 0 && (events & ~(uint32_t)EPOLLOUT)) {
		if (v->from_pod < GREETING)
			take_greeting(v);
		else
			take_frames(v);
	}
	watch_pod(v);
}

/* --- the viewer's side --- */

static void on_opened(void *arg)
{
	watch_pod(arg);
}

static void on_data(void *arg, const uint8_t *data, size_t len)
{
	struct viewer *v = arg;
	struct web_session *s =
		web_session_of(&v->front->sessions, v->session, v->front->loop.now_ms);

	if (s)
		web_session_see(s, v->front->loop.now_ms);
	if (v->pod.fd < 0)
		return;
	v->from_viewer += len;
	if (!v->to_pod.len)
		v->moved_ms = v->front->loop.now_ms;
	buf_add(&v->to_pod, data, len);
	flush_pod(v);
	watch_pod(v);
}

static bool has_room(void *arg)
{
	const struct viewer *v = arg;

	return v->to_pod.len < TO_POD;
}

static void on_sent(void *arg)
{
	struct viewer *v = arg;

	if (v->full_ms && web_socket_waiting(v->q->socket) < TO_VIEWER / 2) {
		v->full_ms = 0;
		watch_pod(v);
	}
}

static const struct web_socket_ops ops = {on_opened, on_data, has_room, on_sent};

/* --- its life --- */

struct viewer *viewer_find(const struct front *f, uint32_t number)
{
	for (struct viewer *v = f->viewers; v; v = v->next)
		if (v->number == number && !v->is_replaced)
			return v;
	return NULL;
}

/* 0: what it asks for is no number. */
static uint32_t number_of(struct web_request *q)
{
	struct front *f = q->web->arg;
	const char *text = web_param(q, "viewer");
	uint64_t n;
	uint32_t random;

	if (text)
		return unit_u64(text, INT32_MAX, &n) < 0 ? 0 : (uint32_t)n;
	do {
		random = 0;
		if (getrandom(&random, sizeof(random), 0) < 0)
			return 0;
		random &= INT32_MAX;
	} while (random == 0 || viewer_find(f, random));
	return random;
}

/* A page that lost its connection comes again as who it was, before we know of the loss. */
static bool take_place(struct web_request *q, uint32_t number)
{
	struct front *f = q->web->arg;
	struct viewer *old = viewer_find(f, number);

	if (!old)
		return true;
	if (old->session != q->session)
		return false;
	old->is_replaced = true;
	web_cut(old->q);
	return true;
}

static void begin(struct web_request *q, uint32_t number, int fd)
{
	struct front *f = q->web->arg;
	const char *view = web_param(q, "view");
	struct viewer *v = xcalloc(1, sizeof(*v));

	v->front = f;
	v->q = q;
	v->number = number;
	v->session = q->session;
	v->is_view = q->role != WEB_ROLE_FULL || (view && strcmp(view, "1") == 0);
	v->since_ms = v->moved_ms = f->loop.now_ms;
	v->pod = (struct watch){.fd = fd, .fn = on_pod, .arg = v};
	buf_fmt(&v->to_pod, "viewer %u %s\n", v->number, v->is_view ? "view" : "control");
	v->next = f->viewers;
	f->viewers = v;
	f->n_viewers++;
	q->state = v;
	state_news(f);
	/* Room for what it says is counted without this line. */
	if (loop_add(&f->loop, &v->pod, EPOLLOUT) < 0)
		web_cut(q);
	else
		web_socket_accept(q, &ops, v);
}

void display_begin(struct web_request *q)
{
	struct front *f = q->web->arg;
	uint32_t number = number_of(q);
	int fd;

	if (number == 0) {
		web_refuse(q, 400, "viewer", "a viewer's number is 1 to 2147483647");
		return;
	}
	if (!take_place(q, number)) {
		web_refuse(q, 409, "viewer", "another has that number");
		return;
	}
	if (f->n_viewers >= VIEWERS_MAX) {
		web_refuse(q, 503, "full", "too many look at this desktop");
		return;
	}
	fd = podside_connect("display");
	if (fd < 0)
		web_refuse(q, 503, "away", "the pod's display is not there (yet)");
	else
		begin(q, number, fd);
}

static void record_end(const struct viewer *v)
{
	struct front *f = v->front;
	struct event ev;

	note_begin(&f->notes, &ev, "web_viewer", v->session);
	event_num(&ev, "viewer", v->number);
	event_str(&ev, "mode", v->is_view ? "view" : "control");
	event_num(&ev, "duration_ms", (int64_t)(f->loop.now_ms - v->since_ms));
	note_send(&f->notes, &ev);
}

void display_finish(struct web_request *q)
{
	struct viewer *v = q->state;

	if (!v)
		return;
	for (struct viewer **at = &v->front->viewers; *at; at = &(*at)->next)
		if (*at == v) {
			*at = v->next;
			v->front->n_viewers--;
			break;
		}
	if (!v->is_replaced)
		control_left(v->front, v->number);
	record_end(v);
	leave_pod(v);
	buf_finish(&v->to_pod);
	free(v);
	q->state = NULL;
}

void display_tick(struct front *f)
{
	uint64_t now = f->loop.now_ms;

	for (struct viewer *v = f->viewers; v; v = v->next) {
		bool stuck = v->full_ms && now - v->full_ms > GRACE_MS,
		     stalled = v->to_pod.len && now - v->moved_ms > STALL_MS;

		if (stuck || stalled)
			web_cut(v->q);
	}
}
