/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/buf.h"

#define CONNECT_MS 60000
#define REFUSED_MS 2000
#define IDLE_MS    (2 * 3600 * 1000)
#define HALF_MS    (10 * 60 * 1000) /* one way has ended */

static void conn_step(struct conn *c);

void conn_state(struct conn *c, enum conn_state s, uint64_t ms)
{
	c->state = s;
	c->deadline_ms = c->r->loop.now_ms + ms;
}

/* --- life and death --- */

void conn_enqueue(struct conn *c)
{
	if (c->queued)
		return;
	c->queued = true;
	c->behind = c->r->queue;
	c->r->queue = c;
}

static void leave_queue(struct conn *c)
{
	struct conn **at = &c->r->queue;

	while (c->queued && *at && *at != c)
		at = &(*at)->behind;
	if (c->queued && *at)
		*at = c->behind;
	c->queued = false;
}

void conn_close(struct conn *c)
{
	struct relay *r = c->r;

	leave_queue(c);
	loop_remove(&r->loop, &c->client.watch);
	loop_remove(&r->loop, &c->server.watch);
	flow_finish(&c->up, &r->pump);
	flow_finish(&c->down, &r->pump);
	if (c->prev)
		c->prev->next = c->next;
	else
		r->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	r->n--;
	free(c->retry);
	free(c);
}

void conn_linger(int fd)
{
	const struct linger now = {.l_onoff = 1};

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void conn_reset(struct conn *c)
{
	conn_linger(c->client.watch.fd);
	conn_linger(c->server.watch.fd);
	conn_close(c);
}

void conn_tell(struct conn *c, const char *event, const char *reason)
{
	const struct note what = {.event = event,
				  .address = &c->address,
				  .port = c->port,
				  .name = c->name,
				  .reason = reason,
				  .rule = reason ? NULL : rule_text(c->rule)};

	note(&c->r->notes, &what, c->r->loop.now_ms);
}

/* --- events --- */

static void note_events(struct side *s, uint32_t events)
{
	const uint32_t any = EPOLLERR | EPOLLHUP;

	s->readable |= (events & (EPOLLIN | EPOLLRDHUP | any)) != 0;
	s->writable |= (events & (EPOLLOUT | any)) != 0;
}

static void on_client(void *arg, uint32_t events)
{
	struct conn *c = arg;

	note_events(&c->client, events);
	conn_step(c);
}

static void on_server(void *arg, uint32_t events)
{
	struct conn *c = arg;

	note_events(&c->server, events);
	conn_step(c);
}

struct conn *conn_new(struct relay *r, int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->r = r;
	c->client.watch = (struct watch){.fd = fd, .fn = on_client, .arg = c};
	c->server.watch.fd = -1;
	c->up.from = c->down.to = &c->client;
	c->up.to = c->down.from = &c->server;
	c->next = r->conns;
	if (c->next)
		c->next->prev = c;
	r->conns = c;
	r->n++;
	return c;
}

/* --- connecting --- */

/* Another pod has no address that the host could reach: its forwarder listens beside us. */
static bool is_pod(const struct conn *c)
{
	return c->r->pods.bits && cidr_has(&c->r->pods, &c->address);
}

static socklen_t destination(const struct conn *c, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	struct sockaddr_un *un = (struct sockaddr_un *)to;
	char text[INET6_ADDRSTRLEN];

	memset(to, 0, sizeof(*to));
	if (is_pod(c)) {
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", address_text(&c->address, text));
		return sizeof(*un);
	}
	if (address_is_v4(&c->address)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(c->port);
		memcpy(&four->sin_addr, c->address.s6_addr + 12, 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(c->port);
	six->sin6_addr = c->address;
	return sizeof(*six);
}

/* Many small writes of programs are theirs to gather; a peer that is gone is found out. */
void conn_tune(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

void conn_connect(struct conn *c)
{
	struct sockaddr_storage to;
	socklen_t len = destination(c, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	c->server.watch = (struct watch){.fd = fd, .fn = on_server, .arg = c};
	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) ||
	    loop_add(&c->r->loop, &c->server.watch, EDGES) < 0) {
		if (fd >= 0)
			close(fd);
		c->server.watch.fd = -1;
		conn_reset(c);
		return;
	}
	conn_tune(fd);
	conn_state(c, CONN_CONNECT, CONNECT_MS);
}

void conn_pass(struct conn *c, enum rule rule)
{
	c->rule = rule;
	counters_add(c->r->counters, COUNT_CONNECTIONS, 1);
	conn_connect(c);
}

/* A request of a connection that is not for the host it began with is judged like the first. */
static int judge_head(void *arg, const struct head *h)
{
	struct conn *c = arg;
	const char *why =
		c->rule == RULE_NAME ? judge_name(c->r, h->host, &c->address, c->port) : NULL;

	if (!why && intercept_wants(c->r, h->host, c->port))
		why = "intercepted"; /* by a connection of its own */
	intercept_look(c, h->host, c->up.held.data + c->up.held.ok, h->size);
	counters_add(c->r->counters, COUNT_REQUESTS, 1);
	if (why) {
		counters_add(c->r->counters, COUNT_REQUESTS_DENIED, 1);
		memcpy(c->name, h->host, sizeof(c->name));
		conn_tell(c, "net_denied", why);
		return -EACCES;
	}
	if (!h->upgrade)
		return 0;
	/* Behind another request, its answer could not be told from that one's. */
	return c->requests.heads == 0 ? 1 : -EPROTO;
}

/* A server of the pod's that listens on ::1 alone. */
static bool try_six(struct conn *c)
{
	if (c->rule != RULE_FORWARD || !address_is_v4(&c->address))
		return false;
	c->address = in6addr_loopback;
	loop_remove(&c->r->loop, &c->server.watch);
	c->server.readable = c->server.writable = false;
	conn_connect(c);
	return true;
}

/* The first bytes on a new socket: they fit. */
static bool greet_pod(const struct conn *c)
{
	char line[GREETING];
	int n = snprintf(line, sizeof(line), "%u %s\n", c->port, c->r->pod.name);

	return send(c->server.watch.fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n;
}

/* Who comes by a door is outside, and the pod the server. */
static void count_bytes(const struct conn *c, uint64_t to_server, uint64_t to_client)
{
	bool inwards = c->rule == RULE_FORWARD;

	counters_add(c->r->counters, inwards ? COUNT_DOWN : COUNT_UP, to_server);
	counters_add(c->r->counters, inwards ? COUNT_UP : COUNT_DOWN, to_client);
}

static void begin_pumping(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->server.watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
		if (!try_six(c))
			conn_reset(c);
		return;
	}
	if (is_pod(c) && !greet_pod(c)) {
		conn_reset(c);
		return;
	}
	conn_state(c, CONN_PUMP, IDLE_MS);
	conn_tell(c, "net_connect", NULL);
	count_bytes(c, c->up.held.len, 0); /* what was judged before there was a server */
	if (c->rule == RULE_NAME && !c->tls && c->up.held.len) {
		c->up.requests = &c->requests;
		c->up.judge = judge_head;
		c->up.arg = c;
		if (flow_resume(&c->up, false) < 0) {
			conn_reset(c);
			return;
		}
	} else if (c->rule == RULE_NAME && c->tls) {
		if (conn_watch_retry(c) < 0) {
			conn_reset(c);
			return;
		}
	} else {
		c->up.held.ok = c->up.held.len;
	}
	conn_step(c);
}

/* --- moving --- */

/* The answer to a request that may change the protocol: only its status line is looked at. */
static int look_at_answer(struct conn *c)
{
	char line[12];
	ssize_t n = recv(c->server.watch.fd, line, sizeof(line), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n > 0 && n < (ssize_t)sizeof(line))
		return 0; /* the next bytes bring another event */
	return flow_resume(&c->up, n > 0 && memcmp(line, "HTTP/1.1 101", 12) == 0);
}

static void pump(struct conn *c)
{
	struct relay *r = c->r;
	uint64_t had_up = c->up.total, had_down = c->down.total;
	enum flow_state up, down;

	if (c->up.paused && c->server.readable && look_at_answer(c) < 0) {
		conn_reset(c);
		return;
	}
	up = flow_run(&c->up, &r->pump);
	down = up == FLOW_DEAD ? FLOW_DEAD : flow_run(&c->down, &r->pump);
	count_bytes(c, c->up.total - had_up, c->down.total - had_down);
	if (up == FLOW_DEAD || down == FLOW_DEAD) {
		conn_reset(c);
		return;
	}
	if (c->up.told && c->down.told) {
		conn_close(c);
		return;
	}
	if (c->up.total != had_up || c->down.total != had_down)
		c->deadline_ms = r->loop.now_ms + (c->up.told || c->down.told ? HALF_MS : IDLE_MS);
	if (up == FLOW_MORE || down == FLOW_MORE)
		conn_enqueue(c);
}

/* The client was told no, and is given the time to read it: a reset would take it away. */
static void discard(struct conn *c)
{
	char data[4096];
	ssize_t n;

	do
		n = recv(c->client.watch.fd, data, sizeof(data), MSG_DONTWAIT);
	while (n > 0);
	if (n == 0 || errno != EAGAIN)
		conn_close(c);
}

static void conn_step(struct conn *c)
{
	switch (c->state) {
	case CONN_PEEK:
		conn_peek(c);
		break;
	case CONN_GREET:
		conn_greeting(c);
		break;
	case CONN_HAND:
		break; /* see conns_hand_over() */
	case CONN_CONNECT:
		if (c->server.writable)
			begin_pumping(c);
		break;
	case CONN_PUMP:
		pump(c);
		break;
	case CONN_REFUSED:
		discard(c);
		break;
	}
}

/* --- all of them --- */

void conns_run(struct relay *r)
{
	struct conn *list = r->queue, *c;

	r->queue = NULL;
	/* Those that close meanwhile take themselves out of the queue, which this list no longer
	 * is: a step closes none but its own. */
	while ((c = list)) {
		list = c->behind;
		c->queued = false;
		conn_step(c);
	}
}

static bool is_revoked(struct conn *c)
{
	const struct names *n = &c->r->names;

	if (c->state == CONN_REFUSED || (c->rule != RULE_NAME && c->rule != RULE_PIN) || !*c->name)
		return false;
	if (names_find(n, c->name, &c->address, 0) != NAMES_REVOKED)
		return false;
	/* The pin may have been another name's as well. */
	if (c->rule == RULE_PIN)
		names_of(n, &c->address, c->port, c->name);
	return c->rule != RULE_PIN || !*c->name;
}

void conns_cut_revoked(struct relay *r)
{
	struct conn *next;

	for (struct conn *c = r->conns; c; c = next) {
		next = c->next;
		if (is_revoked(c)) {
			conn_tell(c, "net_denied", "name_removed");
			conn_reset(c);
		}
	}
}

void conns_cut_door(struct relay *r, const struct door *d, uint16_t port)
{
	struct conn *next;

	for (struct conn *c = r->conns; c; c = next) {
		next = c->next;
		if (c->door != d || c->port != port)
			continue;
		conn_tell(c, "net_denied", "port_closed");
		conn_reset(c);
	}
}

/* On other ports than 80 and 443 nobody has said a name yet: any of the address may be meant. */
static bool is_intercepted(const struct conn *c)
{
	if (c->rule == RULE_NAME || c->rule == RULE_MONITOR)
		return intercept_wants(c->r, c->name, c->port);
	return c->rule == RULE_PIN && intercept_address(c->r, &c->address, c->port);
}

void conns_cut_intercepted(struct relay *r)
{
	struct conn *next;

	for (struct conn *c = r->conns; c; c = next) {
		next = c->next;
		if ((c->state == CONN_PUMP || c->state == CONN_CONNECT) && is_intercepted(c))
			conn_reset(c);
	}
}

void conns_hand_over(struct relay *r)
{
	struct conn *next;

	for (struct conn *c = r->conns; c; c = next) {
		next = c->next;
		if (c->state == CONN_HAND)
			intercept_take(c);
	}
}

/* In time, or not. */
static void give_up(struct conn *c)
{
	if (c->state == CONN_PEEK && c->r->records)
		conn_judge(c, -ENOENT);
	else if (c->state == CONN_PEEK)
		conn_refuse(c, "no_name");
	else if (c->state == CONN_REFUSED)
		conn_close(c);
	else if (c->state == CONN_HAND)
		conn_refuse(c, "injector_away");
	else
		conn_reset(c);
}

void conns_sweep(struct relay *r)
{
	struct conn *next;

	if (r->loop.now_ms - r->swept_ms < 500)
		return;
	r->swept_ms = r->loop.now_ms;
	for (struct conn *c = r->conns; c; c = next) {
		next = c->next;
		if (c->deadline_ms <= r->loop.now_ms)
			give_up(c);
		else if (c->state == CONN_HAND)
			intercept_take(c);
	}
}

void conns_finish(struct relay *r)
{
	while (r->conns)
		conn_reset(r->conns);
}
