/* SPDX-License-Identifier: Apache-2.0 */
/* The first part of a connection: from whom, to where, and may it? */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/unit.h"
#include "tools/pod-proxy/conn.h"
#include "tools/pod-proxy/door.h"

#define SO_ORIGINAL_DST 80 /* linux/netfilter_ipv4.h, and the same for IPv6 */
#define PEEK_MS         15000
#define RECORD_MS       1000 /* where names are only recorded: servers may speak first */
#define ACCEPTS         64   /* in one turn */

/* --- who is meant --- */

/* What kind of a beginning is it?  As hello_name() and head_parse(). */
static int read_name(struct conn *c)
{
	const struct held *h = &c->up.held;
	struct head head;
	int r;

	c->tls = h->len && (unsigned char)h->data[0] == 22;
	if (c->tls)
		return hello_name((const uint8_t *)h->data, h->len, c->name);
	r = h->len ? head_parse(h->data, h->len, &head) : -EAGAIN;
	if (r == 0)
		memcpy(c->name, head.host, sizeof(c->name));
	return r;
}

/* A name beneath the one that is shown would be the server's to believe; where TLS is ended here,
 * it is ours, and we do not. */
static bool hides_name(const struct conn *c)
{
	const struct held *h = &c->up.held;

	return c->r->refuses_ech && c->tls && hello_has_ech((const uint8_t *)h->data, h->len);
}

void conn_judge(struct conn *c, int r)
{
	const char *why = r == 0         ? judge_name(c->r, c->name, &c->address, c->port)
			  : r == -ENOENT ? "no_name"
					 : "no_name_readable";

	if (!why && intercept_wants(c->r, c->name, c->port))
		intercept_take(c);
	else if (c->r->records)
		conn_pass(c, RULE_MONITOR);
	else if (why)
		conn_refuse(c, why);
	else if (hides_name(c))
		conn_refuse(c, "encrypted_hello");
	else
		conn_pass(c, RULE_NAME);
}

void conn_peek(struct conn *c)
{
	size_t max = HELLO_MAX;
	int n, r;

	if (c->up.held.len && (unsigned char)c->up.held.data[0] != 22)
		max = HEAD_MAX;
	if (!c->client.readable)
		return;
	n = flow_read_held(&c->up, max);
	if (n == -EAGAIN)
		return;
	r = n > 0 ? read_name(c) : n;
	if (n <= 0 && !(c->r->records && c->up.held.len))
		conn_reset(c); /* gone, or too much without a name */
	else if (r != -EAGAIN)
		conn_judge(c, r);
	else
		conn_enqueue(c);
}

/* "PORT POD\n"; who it is matters to nobody but the reader of the log. */
void conn_greeting(struct conn *c)
{
	struct held *h = &c->up.held;
	int n = flow_read_held(&c->up, GREETING);
	char *end = n > 0 ? memchr(h->data, '\n', h->len) : NULL;
	char *blank = end ? memchr(h->data, ' ', (size_t)(end - h->data)) : NULL;
	uint64_t port = 0;

	if (n == -EAGAIN || (n > 0 && !end))
		return; /* more comes, or the deadline */
	if (blank)
		*blank = *end = '\0';
	if (!blank || unit_u64(h->data, 65535, &port) < 0 || !is_internal(c->r, (uint16_t)port)) {
		conn_reset(c);
		return;
	}
	snprintf(c->name, sizeof(c->name), "%s", blank + 1);
	h->from = h->ok = (size_t)(end + 1 - h->data);
	c->port = (uint16_t)port;
	conn_pass(c, RULE_FORWARD);
}

/* --- accepting --- */

/* Where the wall sent it from; straight to our own port, that is ourselves. */
static int original(int fd, bool six, struct in6_addr *a, uint16_t *port)
{
	struct sockaddr_storage to;
	socklen_t len = sizeof(to);

	if (getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, SO_ORIGINAL_DST, &to, &len) < 0)
		return -errno;
	if (six) {
		*a = ((struct sockaddr_in6 *)&to)->sin6_addr;
		*port = ntohs(((struct sockaddr_in6 *)&to)->sin6_port);
	} else {
		*a = names_v4(((struct sockaddr_in *)&to)->sin_addr);
		*port = ntohs(((struct sockaddr_in *)&to)->sin_port);
	}
	return 0;
}

/* Ports 80 and 443 are where names are said, and those of intercepted hosts; everywhere else the
 * wall has decided. */
static void begin(struct conn *c)
{
	const char *why = judge_address(c->r, &c->address, c->port);
	bool named = c->port == 80 || c->port == 443 || intercept_port(c->r, c->port);

	if (why) {
		conn_tell(c, "net_denied", why);
		conn_reset(c);
	} else if (is_open_network(c->r, &c->address)) {
		conn_pass(c, RULE_NETWORK);
	} else if (named) {
		conn_state(c, CONN_PEEK, c->r->records ? RECORD_MS : PEEK_MS);
	} else {
		names_of(&c->r->names, &c->address, c->port, c->name);
		conn_pass(c, c->r->records ? RULE_MONITOR : RULE_PIN);
	}
}

/* Those who say nothing do not keep others out: the one that has said nothing for longest goes. */
static void make_room(const struct conn *new)
{
	struct relay *r = new->r;
	struct conn *oldest = NULL;

	for (struct conn *c = r->conns; c; c = c->next)
		if (c != new && (c->state == CONN_PEEK || c->state == CONN_REFUSED))
			oldest = c;
	if (!oldest)
		return;
	conn_tell(oldest, "net_denied", "too_many_connections");
	conn_reset(oldest);
}

static void take(struct relay *r, int fd, bool six)
{
	struct conn *c = conn_new(r, fd);

	if (original(fd, six, &c->address, &c->port) < 0 ||
	    loop_add(&r->loop, &c->client.watch, EDGES) < 0) {
		c->client.watch.fd = -1;
		conn_linger(fd);
		close(fd);
		conn_close(c);
		return;
	}
	conn_tune(fd);
	if (r->n > r->max)
		make_room(c);
	if (r->n <= r->max) {
		begin(c);
		return;
	}
	conn_tell(c, "net_denied", "too_many_connections");
	conn_reset(c);
}

void conn_forward(struct door *d, int fd)
{
	struct relay *r = d->r;
	struct conn *c = conn_new(r, fd);
	const struct in_addr self = {.s_addr = htonl(INADDR_LOOPBACK)};

	c->door = d;
	c->address = names_v4(self);
	c->port = d->port.pod;
	if (loop_add(&r->loop, &c->client.watch, EDGES) < 0 || r->n > r->max) {
		conn_tell(c, "net_denied", "too_many_connections");
		conn_reset(c);
		return;
	}
	if (!c->port) {
		conn_state(c, CONN_GREET, PEEK_MS);
		return;
	}
	conn_tune(fd);
	conn_pass(c, RULE_FORWARD);
}

/* No descriptor left: take it by the spare one, to be rid of it, or we would be called for ever. */
static void turn_away(struct relay *r, int listener)
{
	int fd;

	close(r->spare);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	conn_linger(fd);
	if (fd >= 0)
		close(fd);
	r->spare = epoll_create1(EPOLL_CLOEXEC);
}

void conn_accept(struct relay *r, int i)
{
	int listener = r->listener[i].fd;

	for (int n = 0; n < ACCEPTS; n++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take(r, fd, i == 1);
		else if (errno == EMFILE || errno == ENFILE)
			turn_away(r, listener);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}
