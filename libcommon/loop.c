/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32

/*
 * A call may remove watches whose events wait in the same batch, and their memory may be used for
 * something else by then.  The kernel is given descriptor numbers, not pointers, and the table says
 * whose number it is now; a watch that was added during this turn cannot have an event in it.
 */
#define FDS 16384
static struct watch *watches[FDS];

uint64_t loop_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int loop_init(struct loop *l, struct err *e)
{
	*l = (struct loop){.fd = epoll_create1(EPOLL_CLOEXEC), .now_ms = loop_clock()};
	return l->fd < 0 ? err_set(e, errno, "make an epoll") : 0;
}

int loop_add(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = w->fd};

	if (w->fd < 0 || w->fd >= FDS)
		return -EMFILE;
	if (epoll_ctl(l->fd, EPOLL_CTL_ADD, w->fd, &ev) < 0)
		return -errno;
	w->turn = l->turn;
	watches[w->fd] = w;
	return 0;
}

void loop_change(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = w->fd};

	epoll_ctl(l->fd, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_remove(struct loop *l, struct watch *w)
{
	(void)l;
	if (w->fd < 0)
		return;
	watches[w->fd] = NULL;
	close(w->fd); /* which takes it out of the epoll: nobody else holds these descriptors */
	w->fd = -1;
}

void loop_remove_shared(struct loop *l, struct watch *w)
{
	if (w->fd >= 0)
		epoll_ctl(l->fd, EPOLL_CTL_DEL, w->fd, NULL);
	loop_remove(l, w);
}

void loop_forget(struct loop *l, struct watch *w)
{
	if (w->fd < 0)
		return;
	epoll_ctl(l->fd, EPOLL_CTL_DEL, w->fd, NULL);
	watches[w->fd] = NULL;
	w->fd = -1;
}

int loop_turn(struct loop *l, int timeout_ms, struct err *e)
{
	struct epoll_event ev[BATCH];
	int n = epoll_wait(l->fd, ev, BATCH, timeout_ms);

	if (n < 0 && errno != EINTR)
		return err_set(e, errno, "wait for something to happen");
	l->now_ms = loop_clock();
	l->turn++;
	for (int i = 0; i < n; i++) {
		struct watch *w = watches[ev[i].data.fd];

		if (w && w->turn < l->turn)
			w->fn(w->arg, ev[i].events);
	}
	return 0;
}

static void on_signal(void *arg, uint32_t events)
{
	struct loop *l = arg;

	(void)events;
	l->stop = 1;
}

int loop_signals(struct err *e)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(e, errno, "watch signals") : fd;
}

int loop_until_signal(struct loop *l, struct watch *signals, struct err *e)
{
	int r;

	*signals = (struct watch){.fd = loop_signals(e), .fn = on_signal, .arg = l};
	if (signals->fd < 0)
		return signals->fd;
	r = loop_add(l, signals, EPOLLIN);
	return r < 0 ? err_set(e, -r, "watch signals") : 0;
}
