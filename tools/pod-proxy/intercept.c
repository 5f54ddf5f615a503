/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/intercept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/follow.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "tools/pod-proxy/conn.h"
#include "tools/pod-proxy/handoff.h"

#define WAIT_MS 5000 /* for an injector that is just started again */

/* --- policy --- */

bool intercept_port(const struct relay *r, uint16_t port)
{
	for (size_t i = 0; i < r->intercept.sites.n; i++)
		if (r->intercept.sites.v[i].port == port)
			return true;
	return false;
}

bool intercept_wants(const struct relay *r, const char *name, uint16_t port)
{
	return sites_find(&r->intercept.sites, name, port) != NULL;
}

bool intercept_address(const struct relay *r, const struct in6_addr *a, uint16_t port)
{
	for (size_t i = 0; i < r->intercept.sites.n; i++) {
		const struct site *s = &r->intercept.sites.v[i];

		if (s->port != port)
			continue;
		/* Which names below it were asked for is not searched: it is a new host, and rare.
		 */
		if (s->wide || names_find(&r->names, s->domain, a, port) == NAMES_PINNED)
			return true;
	}
	return false;
}

static int reread(struct relay *r, struct err *e)
{
	struct sites fresh = {0};
	struct canaries *canaries;
	int x = sites_read(&fresh, r->intercept.policy, e);

	if (x < 0 && x != -ENOENT)
		return x;
	canaries = canaries_load(r->intercept.policy, e);
	if (!canaries) {
		sites_finish(&fresh);
		return -EINVAL;
	}
	sites_finish(&r->intercept.sites);
	r->intercept.sites = fresh;
	canaries_free(r->intercept.canaries);
	r->intercept.canaries = canaries;
	return 0;
}

/* Connections to hosts that are intercepted from now on began without. */
static void on_changed(void *arg, uint32_t events)
{
	struct relay *r = arg;
	struct err e = {0};

	(void)events;
	follow_drain(&r->intercept.changed);
	if (reread(r, &e) < 0)
		note(&r->notes, &(struct note){.event = "policy_refused", .reason = e.msg},
		     r->loop.now_ms);
	else
		conns_cut_intercepted(r);
}

int intercept_open(struct relay *r, struct err *e)
{
	struct intercept *i = &r->intercept;
	OWN_FREE char *path = xfmt("%s/policy", r->pod.path);

	i->policy = policy_open(&r->pod, e);
	if (i->policy < 0)
		return i->policy;
	i->net = openat(r->pod.run, "net", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (i->net < 0)
		return err_set(e, errno, "open %s/net", r->pod.runpath);
	i->changed = (struct watch){.fd = -1, .fn = on_changed, .arg = r};
	if (follow_begin(&i->changed, &r->loop, &r->pod, NETID_PROXY, path, FOLLOW_FILES, e) < 0)
		return -e->code;
	return reread(r, e);
}

void intercept_finish(struct relay *r)
{
	sites_finish(&r->intercept.sites);
	canaries_free(r->intercept.canaries);
	own_close(&r->intercept.policy);
	own_close(&r->intercept.net);
}

/* --- canaries --- */

/* On another port the host it is bound to is meant all the same. */
static bool is_bound(const struct sites *s, const char *name, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->v[i].n_binds; k++)
			if (strcmp(s->v[i].binds[k].key, key) == 0 &&
			    sites_find(s, name, s->v[i].port) == &s->v[i])
				return true;
	return false;
}

void intercept_look(const struct conn *c, const char *name, const char *head, size_t len)
{
	OWN_EVENT struct event ev = {0};
	struct relay *r = c->r;
	const char *key = canaries_find(r->intercept.canaries, head, len);
	char text[INET6_ADDRSTRLEN];

	if (!key || is_bound(&r->intercept.sites, name, key) ||
	    !note_wanted(&r->notes.canary, r->loop.now_ms))
		return;
	event_init(&ev, r->pod.name, "proxy", "canary");
	event_str(&ev, "address", address_text(&c->address, text));
	event_num(&ev, "port", c->port);
	event_str(&ev, "name", name);
	event_str(&ev, "key", key);
	event_str(&ev, "place", "head");
	event_str(&ev, "action", canaries_freeze(r->intercept.canaries) ? "freeze" : "alert");
	note_send(&r->notes, &r->notes.canary, &ev);
}

/* --- handing over --- */

/* It has room again, or is gone: both are found out by trying. */
static void on_injector(void *arg, uint32_t events)
{
	struct relay *r = arg;

	if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		loop_remove(&r->loop, &r->intercept.injector);
	conns_hand_over(r);
}

static int connect_injector(struct relay *r)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/inject", r->intercept.net);
	r->intercept.injector = (struct watch){.fd = fd, .fn = on_injector, .arg = r};
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    loop_add(&r->loop, &r->intercept.injector, EPOLLOUT | EPOLLRDHUP | EPOLLET) < 0) {
		close(fd);
		r->intercept.injector.fd = -1;
		return -ECONNREFUSED;
	}
	return 0;
}

static int send_to_injector(struct conn *c)
{
	struct relay *r = c->r;
	const struct held *held = &c->up.held;
	struct handoff h = {.address = c->address,
			    .port = c->port,
			    .tls = c->tls,
			    .data = held->data + held->from,
			    .len = held->len - held->from};
	int x = 0;

	memcpy(h.name, c->name, sizeof(h.name));
	if (r->intercept.injector.fd < 0)
		x = connect_injector(r);
	if (x == 0)
		x = handoff_send(r->intercept.injector.fd, c->client.watch.fd, &h);
	if (x < 0 && x != -EAGAIN && r->intercept.injector.fd >= 0)
		loop_remove(&r->loop, &r->intercept.injector);
	return x;
}

void intercept_take(struct conn *c)
{
	if (c->state != CONN_HAND)
		conn_state(c, CONN_HAND, WAIT_MS);
	if (send_to_injector(c) < 0)
		return;
	loop_remove_shared(&c->r->loop, &c->client.watch);
	conn_close(c);
}
