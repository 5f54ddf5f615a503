/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own socket: a line is a wish (wish.h), one at a time of each connection, and its
 * answer comes as it comes true (acts.h).  Whoever it is has no more to say than the pod's user.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "tools/pod-display/desk.h"

#define PIECE 16384

struct agent {
	struct agent *next;
	struct desk *desk;
	struct watch w;
	bool is_gone;
	struct buf in;
	struct act *act;
	uint32_t waits_for; /* of the loop */
};

static void take_line(struct agent *g)
{
	const char *end = g->in.len ? memchr(g->in.data, '\n', g->in.len) : NULL;
	size_t len = end ? (size_t)(end - g->in.data) : 0;

	if (g->act)
		return;
	if (!end) {
		g->is_gone |= g->in.len > WISH_LINE_MAX;
		return;
	}
	g->act = act_new(&g->desk->acts, g->in.data, len, g->desk->loop.now_ms);
	g->in.len -= len + 1;
	memmove(g->in.data, end + 1, g->in.len);
}

static void send_answer(struct agent *g)
{
	struct act *a = g->act;
	ssize_t n = 0;

	if (a && a->out.len > a->sent)
		n = send(g->w.fd, a->out.data + a->sent, a->out.len - a->sent, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		g->is_gone = true;
	if (n > 0)
		act_sent(a, (size_t)n);
	if (a && a->finished && a->out.len == 0) {
		act_free(a);
		g->act = NULL;
		take_line(g);
	}
}

static void on_agent(void *arg, uint32_t events)
{
	struct agent *g = arg;
	char piece[PIECE];
	ssize_t n;

	if (g->is_gone || !(events & ~(uint32_t)EPOLLOUT))
		return;
	n = recv(g->w.fd, piece, sizeof(piece), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		g->is_gone = true;
		return;
	}
	buf_add(&g->in, piece, (size_t)n);
	take_line(g);
}

static void on_listen(void *arg, uint32_t events)
{
	struct desk *d = arg;
	int fd = accept4(d->agent_listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct agent *g;

	(void)events;
	if (fd < 0)
		return;
	g = xcalloc(1, sizeof(*g));
	*g = (struct agent){.next = d->agents,
			    .desk = d,
			    .w = {.fd = fd, .fn = on_agent, .arg = g},
			    .waits_for = EPOLLIN};
	if (loop_add(&d->loop, &g->w, EPOLLIN) < 0) {
		close(fd);
		free(g);
		return;
	}
	d->agents = g;
	if (++d->n_agents == AGENTS_MAX) /* the next one waits until another leaves */
		loop_change(&d->loop, &d->agent_listen, 0);
}

/* What comes while an act is under way is left in the socket, except for the end. */
static void wait_for(struct agent *g)
{
	uint32_t events = (g->in.len <= WISH_LINE_MAX && !g->act ? EPOLLIN : EPOLLRDHUP) |
			  (g->act && g->act->out.len ? EPOLLOUT : 0);

	if (events != g->waits_for)
		loop_change(&g->desk->loop, &g->w, events);
	g->waits_for = events;
}

static void agent_free(struct agent *g)
{
	struct desk *d = g->desk;

	act_free(g->act);
	loop_remove(&d->loop, &g->w);
	buf_finish(&g->in);
	free(g);
	if (d->n_agents-- == AGENTS_MAX)
		loop_change(&d->loop, &d->agent_listen, EPOLLIN);
}

static int fresh(void *arg, struct err *e)
{
	struct desk *d = arg;

	return d->screen.is_stale ? desk_look(d, e) : 0;
}

int agents_run(struct desk *d)
{
	struct agent **at = &d->agents, *g;
	uint64_t now = d->loop.now_ms, due;

	d->acts.leased = desk_is_leased(d, now);
	d->acts.blanked = d->is_blank;
	acts_screen(&d->acts, d->is_up ? &d->screen : NULL);
	due = acts_run(&d->acts, now);
	while ((g = *at)) {
		if (!g->is_gone)
			send_answer(g);
		if (g->is_gone) {
			*at = g->next;
			agent_free(g);
			continue;
		}
		/* The next line of it was begun just now: it goes on at once. */
		if (g->act && !g->act->finished && g->act->due <= now)
			due = now;
		wait_for(g);
		at = &g->next;
	}
	return due == DUE_NEVER    ? -1
	       : due <= now        ? 0
	       : due - now > 60000 ? 60000
				   : (int)(due - now);
}

static int listen_at(const char *path, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	mode_t mask;
	int r;

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return err_set(e, fd < 0 ? errno : ENAMETOOLONG, "listen at %s", path);
	memcpy(at.sun_path, path, strlen(path));
	unlink(path); /* of one that has ended */
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&at, sizeof(at));
	umask(mask);
	if (r < 0 || listen(fd, 16) < 0)
		return err_set(e, errno, "listen at %s", path);
	return take_fd(&fd);
}

int agents_open(struct desk *d, struct err *e)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	OWN_FREE char *path = NULL;
	int r;

	d->acts = (struct acts){.fresh = fresh, .arg = d};
	d->agent_listen = (struct watch){.fd = -1, .fn = on_listen, .arg = d};
	if (!dir || dir[0] != '/')
		return 0;
	path = xfmt("%s/envpod-display", dir);
	d->agent_listen.fd = listen_at(path, e);
	if (d->agent_listen.fd < 0)
		return d->agent_listen.fd;
	r = loop_add(&d->loop, &d->agent_listen, EPOLLIN);
	return r < 0 ? err_set(e, -r, "watch for agents") : 0;
}
