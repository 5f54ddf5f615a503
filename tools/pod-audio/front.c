/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audio/front.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"

#define PAUSE_MS 100  /* without a frame: the graph rests, nothing sounds any more */
#define LOOK_MS  1000 /* for who is late */

size_t front_hearers(const struct front *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += !f->v[i]->is_gone &&
		     (f->v[i]->kind == LISTENER_OPUS || f->v[i]->kind == LISTENER_WEBM);
	return n;
}

/* Nobody hears, or it is muted: then nothing needs to be captured, either. */
void front_look(struct front *f)
{
	bool wanted = front_hearers(f) > 0 && !f->encoder.muted;

	if (wanted == f->is_wanted)
		return;
	f->is_wanted = wanted;
	write_full(f->wish, wanted ? "1" : "0", 1);
}

static void pause_all(struct front *f)
{
	f->encoder.sounds = false;
	for (size_t i = 0; i < f->n; i++)
		listener_pause(f->v[i], (uint64_t)clock_ms() * 1000);
}

static void take_frame(struct front *f, struct frame *frame)
{
	unsigned char packet[PACKET_MAX];
	size_t n;

	f->frames++;
	if (front_hearers(f) == 0)
		return;
	n = encoder_take(&f->encoder, frame, packet);
	if (n == 0) {
		if (f->encoder.sounds)
			pause_all(f);
		return;
	}
	f->encoder.sounds = true;
	f->heard_ms = f->loop.now_ms;
	f->packets++;
	for (size_t i = 0; i < f->n; i++)
		listener_packet(f->v[i], frame->usec, packet, n);
}

static void on_pipe(void *arg, uint32_t events)
{
	struct front *f = arg;
	struct frame frame;
	ssize_t n = read(f->pipe.fd, &frame, sizeof(frame));

	(void)events;
	if (n == (ssize_t)sizeof(frame))
		take_frame(f, &frame);
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		f->loop.stop = 1;
}

static void on_socket(void *arg, uint32_t events)
{
	struct front *f = arg;
	int fd = accept4(f->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		listener_add(f, fd);
	else if (events & (EPOLLERR | EPOLLHUP))
		f->loop.stop = 1;
}

static void sweep(struct front *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i]->is_gone || listener_is_late(f->v[i], f->loop.now_ms))
			listener_finish(f->v[i]);
		else
			f->v[kept++] = f->v[i];
	}
	f->n = kept;
}

/* Without anybody there is nothing to look for. */
static int patience(const struct front *f)
{
	if (f->encoder.sounds)
		return PAUSE_MS;
	return f->n ? LOOK_MS : -1;
}

static int serve(struct front *f, struct err *e)
{
	int r = 0;

	while (!f->loop.stop && r == 0) {
		r = loop_turn(&f->loop, patience(f), e);
		if (f->encoder.sounds && f->loop.now_ms - f->heard_ms > PAUSE_MS)
			pause_all(f);
		sweep(f);
		front_look(f);
	}
	return r < 0 ? r : err_set(e, ERR_PLAIN, "the socket or the pipe has gone");
}

int front_run(int socket, int pipe, int wish, struct err *e)
{
	static struct front f;
	const struct lockdown l = {.promises = PROMISE_STDIO | PROMISE_ACCEPT | PROMISE_EPOLL |
					       PROMISE_ROOM,
				   .death = SIGKILL};
	int r = encoder_init(&f.encoder, e);

	f.wish = wish;
	f.socket = (struct watch){.fd = socket, .fn = on_socket, .arg = &f};
	f.pipe = (struct watch){.fd = pipe, .fn = on_pipe, .arg = &f};
	signal(SIGPIPE, SIG_IGN);
	if (r == 0)
		r = loop_init(&f.loop, e);
	if (r == 0 &&
	    (loop_add(&f.loop, &f.socket, EPOLLIN) < 0 || loop_add(&f.loop, &f.pipe, EPOLLIN) < 0))
		r = err_set(e, errno, "wait for listeners");
	if (r == 0)
		r = lockdown(&l, e);
	return r < 0 ? r : serve(&f, e);
}
