/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop over poll(2).  The terminal is read as fast as it speaks: to the log first, then to each
 * client's queue; no client is waited for.  Input waits in one bounded queue: while it is full,
 * clients are not read, and they wait.
 */
#include "tools/pod-supervise/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "tools/pod-supervise/client.h"
#include "tools/pod-supervise/pty.h"

#define NOBODY      65534
#define INPUT_MAX   (64 * 1024)
#define REPLAY      (16 * 1024) /* of earlier output, for one who attaches */
#define LINGER_MS   100         /* wait for output of a run that ended but left the terminal open */
#define AGAIN_MS    100         /* until a terminal that hung up is looked at again */
#define FAREWELL_MS 2000        /* for clients to take the last bytes */

struct state {
	struct relay *r;
	struct client clients[RELAY_CLIENTS];
	struct fifo input;
	bool hung_up; /* nobody has the terminal open, unless the run is started again */
};

enum {
	POLL_CONTROL,
	POLL_MASTER,
	POLL_LISTENER,
	POLL_CLIENTS,
	POLL_ALL = POLL_CLIENTS + RELAY_CLIENTS
};

/* Everything the terminal says at the moment; true when there was something. */
static bool read_master(struct state *s)
{
	char chunk[FRAME_MAX];
	ssize_t n = read(s->r->master, chunk, sizeof(chunk));

	if (n <= 0) {
		s->hung_up = n == 0 || (errno != EAGAIN && errno != EINTR);
		return false;
	}
	runlog_write(&s->r->log, chunk, (size_t)n);
	for (int i = 0; i < RELAY_CLIENTS; i++)
		if (s->clients[i].fd >= 0)
			client_output(&s->clients[i], chunk, (size_t)n);
	return true;
}

static void write_master(struct state *s)
{
	ssize_t n = write(s->r->master, fifo_head(&s->input), fifo_len(&s->input));

	if (n > 0)
		fifo_drop(&s->input, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		fifo_drop(&s->input, fifo_len(&s->input)); /* nobody will ever read it */
}

static void apply(struct state *s, const struct frame *f)
{
	if (f->type == FRAME_SIZE)
		pty_resize(s->r->master, (unsigned)f->data[0] << 8 | f->data[1],
			   (unsigned)f->data[2] << 8 | f->data[3]);
	else
		fifo_add(&s->input, f->data, f->len);
}

static bool has_room(const struct state *s)
{
	return fifo_len(&s->input) + FRAME_MAX <= INPUT_MAX;
}

static void take_frames(struct state *s, struct client *c)
{
	struct frame f;

	while (has_room(s) && client_frame(c, &f)) {
		apply(s, &f);
		client_frame_done(c, &f);
	}
}

/* A free place; when there is none, that of the first client that does not keep up. */
static struct client *place(struct state *s)
{
	for (int i = 0; i < RELAY_CLIENTS; i++)
		if (s->clients[i].fd < 0)
			return &s->clients[i];
	for (int i = 0; i < RELAY_CLIENTS; i++)
		if (s->clients[i].skipped) {
			client_drop(&s->clients[i]);
			return &s->clients[i];
		}
	return NULL;
}

static void welcome(struct state *s)
{
	OWN_BUF struct buf earlier = BUF_INIT;
	int fd = accept4(s->r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = fd < 0 ? NULL : place(s);

	if (fd >= 0 && !c)
		close(fd);
	if (!c || !client_accept(c, fd, s->r->owner))
		return;
	runlog_tail(&s->r->log, REPLAY, &earlier);
	client_output(c, earlier.data, earlier.len);
}

static void fill(const struct state *s, struct pollfd *fds)
{
	fds[POLL_CONTROL] = (struct pollfd){.fd = s->r->control, .events = POLLIN};
	fds[POLL_MASTER] = (struct pollfd){.fd = s->hung_up ? -1 : s->r->master, .events = POLLIN};
	if (fifo_len(&s->input))
		fds[POLL_MASTER].events |= POLLOUT;
	fds[POLL_LISTENER] = (struct pollfd){.fd = s->r->listener, .events = POLLIN};
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		const struct client *c = &s->clients[i];

		fds[POLL_CLIENTS + i] = (struct pollfd){.fd = c->fd};
		if (has_room(s) && c->in_len < sizeof(c->in))
			fds[POLL_CLIENTS + i].events |= POLLIN;
		if (fifo_len(&c->out))
			fds[POLL_CLIENTS + i].events |= POLLOUT;
	}
}

static void serve_clients(struct state *s, const struct pollfd *fds)
{
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		struct client *c = &s->clients[i];
		short what = fds[POLL_CLIENTS + i].revents;

		if (c->fd < 0 || c->fd != fds[POLL_CLIENTS + i].fd)
			continue;
		if (what & POLLOUT)
			client_send(c);
		if (c->fd >= 0 && what & (POLLIN | POLLHUP | POLLERR))
			client_receive(c);
		take_frames(s, c);
	}
}

/* One turn: false once the control pipe spoke (*status) or broke (-1). */
static bool turn(struct state *s, int *status)
{
	struct pollfd fds[POLL_ALL];
	unsigned char byte;

	fill(s, fds);
	if (poll(fds, POLL_ALL, s->hung_up ? AGAIN_MS : -1) <= 0) {
		s->hung_up = false;
		return true;
	}
	if (fds[POLL_MASTER].revents & (POLLIN | POLLHUP | POLLERR))
		read_master(s);
	if (fds[POLL_MASTER].revents & POLLOUT)
		write_master(s);
	serve_clients(s, fds);
	if (fds[POLL_LISTENER].revents)
		welcome(s);
	if (!fds[POLL_CONTROL].revents)
		return true;
	*status = read(s->r->control, &byte, 1) == 1 ? byte : -1;
	return false;
}

/*
 * The run has ended; what it said may still be on its way through the terminal.  The end is certain
 * when the terminal hangs up; where a left-over process keeps it open, silence has to do.
 */
static void drain(struct state *s)
{
	struct pollfd master = {.fd = s->r->master, .events = POLLIN};

	while (!s->hung_up && poll(&master, 1, LINGER_MS) > 0)
		read_master(s);
}

static bool anybody_waits(struct state *s, struct pollfd *fds)
{
	bool any = false;

	for (int i = 0; i < RELAY_CLIENTS; i++) {
		bool waits = s->clients[i].fd >= 0 && fifo_len(&s->clients[i].out);

		fds[i] = (struct pollfd){.fd = waits ? s->clients[i].fd : -1, .events = POLLOUT};
		any |= waits;
	}
	return any;
}

static void farewell(struct state *s, unsigned char status)
{
	struct pollfd fds[RELAY_CLIENTS];
	int64_t end = clock_ms() + FAREWELL_MS, left;

	for (int i = 0; i < RELAY_CLIENTS; i++)
		if (s->clients[i].fd >= 0)
			client_exit(&s->clients[i], status);
	while (anybody_waits(s, fds) && (left = end - clock_ms()) > 0) {
		poll(fds, RELAY_CLIENTS, (int)left);
		for (int i = 0; i < RELAY_CLIENTS; i++)
			if (fds[i].revents)
				client_send(&s->clients[i]);
	}
}

int relay_run(struct relay *r, struct err *e)
{
	static struct state s;
	const struct lockdown rights = {.promises = PROMISE_ACCEPT | PROMISE_FILE | PROMISE_TTY,
					.uid = NOBODY,
					.gid = NOBODY};
	int status = -1;

	s.r = r;
	for (int i = 0; i < RELAY_CLIENTS; i++)
		s.clients[i].fd = -1;
	if (lockdown(&rights, e) < 0)
		return -e->code;
	while (turn(&s, &status))
		;
	if (status >= 0) {
		drain(&s);
		farewell(&s, (unsigned char)status);
	}
	return 0;
}
