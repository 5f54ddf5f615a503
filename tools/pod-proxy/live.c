/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listeners are made here, by root, in the network in which the pod's keeper lives: whether a
 * port is free is known, and said to who asked for it, before anything has changed.  A port of the
 * host that changes its meaning is closed first, and opened as it was when that fails.
 */
#include "tools/pod-proxy/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/wall.h"

struct step {
	const struct change *c;
	int forwarder; /* -1: only try */
	const struct ports *from, *to;
	bool blocked; /* those whose port of the host is `from`'s in another way */
	bool inbound; /* the one door of all internal ports is there */
};

static int sockets_for(struct step *s, const struct port *p, struct door_sockets *to, struct err *e)
{
	bool first = p->scope == PORT_INTERNAL && !s->inbound && s->forwarder >= 0;

	s->inbound |= first;
	if (p->host)
		return door_sockets(to, p, s->c->pod.name, e);
	return first ? door_inbound(to, &s->c->pod, e) : 0;
}

static int open_one(struct step *s, const struct port *p, struct err *e)
{
	OWN(door_sockets_finish) struct door_sockets sockets = {.n = 0};
	int r = sockets_for(s, p, &sockets, e);

	return r < 0 || s->forwarder < 0 ? r
					 : control_ask(s->forwarder, CONTROL_OPEN, p, &sockets, e);
}

static int open_all(void *arg, struct err *e)
{
	struct step *s = arg;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->to->n; i++) {
		const struct port *p = &s->to->v[i];
		bool blocked = ports_at(s->from, p->host, p->udp) != NULL;

		if (!ports_has(s->from, p) && blocked == s->blocked)
			r = open_one(s, p, e);
	}
	return r;
}

static int close_all(const struct step *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->from->n; i++)
		if (!ports_has(s->to, &s->from->v[i]))
			r = control_ask(s->forwarder, CONTROL_CLOSE, &s->from->v[i], NULL, e);
	if (r == 0 && ports_any(s->from, PORT_INTERNAL) && !ports_any(s->to, PORT_INTERNAL))
		door_inbound_remove(&s->c->pod);
	return r;
}

/* Where the keeper lives: it may be another network than the caller's. */
static int at_keeper(const struct change *c, int (*fn)(void *arg, struct err *e), void *arg,
		     struct err *e)
{
	pid_t keeper = wall_keeper(&c->pod, NULL);
	char path[64];
	OWN_FD int ns = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)keeper);
	ns = keeper > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (ns < 0)
		return err_set(e, ERR_PLAIN, "the network of pod %s has just ended", c->pod.name);
	return netns_within(ns, fn, arg, e);
}

static int steps(struct step *s, struct err *e)
{
	int r;

	s->inbound = ports_any(s->from, PORT_INTERNAL);
	r = at_keeper(s->c, open_all, s, e);
	if (r == 0)
		r = close_all(s, e);
	s->blocked = true;
	return r == 0 ? at_keeper(s->c, open_all, s, e) : r;
}

int live_change(const struct change *c, int forwarder, const struct ports *to, struct err *e)
{
	struct ports from, now;
	struct step s = {.c = c, .forwarder = forwarder, .from = &from, .to = to};
	struct step back = {.c = c, .forwarder = forwarder, .from = &now, .to = &from};
	struct err ignored = {0};
	int r = control_list(forwarder, &from, e);

	if (r < 0)
		return r;
	r = steps(&s, e);
	if (r < 0 && control_list(forwarder, &now, &ignored) == 0)
		steps(&back, &ignored);
	return r;
}

int live_try(const struct change *c, struct err *e)
{
	const struct ports none = {.n = 0};
	struct step s = {.c = c, .forwarder = -1, .from = &none, .to = &c->after};

	return at_keeper(c, open_all, &s, e);
}
