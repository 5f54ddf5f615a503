/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/buf.h"

#define BATCH     32
#define QUERY_MAX 2048         /* of a question */
#define IDLE_MS   10000        /* a connection that says nothing */
#define OUT_MAX   (128 * 1024) /* answers that a client does not fetch */
#define IN_FLIGHT 64           /* questions of one connection */

struct connection {
	struct connection *next;
	struct server *s;
	struct watch watch; /* fd -1: closed, held by questions only */
	uint64_t end_ms;
	unsigned held;
	bool is_ending;
	struct buf in, out;
};

/* Answers that are ready while a batch of datagrams is worked on leave together. */
static struct {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in6 to[BATCH];
	uint8_t data[BATCH][SERVER_UDP_SIZE];
	unsigned n;
	int fd;
} going;

static struct {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in6 from[BATCH];
	uint8_t data[BATCH][QUERY_MAX];
	bool is_ready;
} coming;

static void send_going(void)
{
	unsigned done = 0;

	/* A client that is gone, or whose buffer is full, loses its answer and asks again. */
	while (done < going.n) {
		int n = sendmmsg(going.fd, going.msg + done, going.n - done, MSG_DONTWAIT);

		done += n > 0 ? (unsigned)n : 1;
	}
	going.n = 0;
}

static void send_datagram(const struct origin *to, const uint8_t *msg, size_t len)
{
	unsigned i;

	if (going.n == BATCH || (going.n && going.fd != to->udp))
		send_going();
	i = going.n++;
	going.fd = to->udp;
	going.to[i] = to->from;
	memcpy(going.data[i], msg, len);
	going.iov[i] = (struct iovec){going.data[i], len};
	going.msg[i].msg_hdr = (struct msghdr){.msg_name = &going.to[i],
					       .msg_namelen = to->from_len,
					       .msg_iov = &going.iov[i],
					       .msg_iovlen = 1};
}

static void prepare_coming(void)
{
	for (unsigned i = 0; i < BATCH; i++) {
		coming.iov[i] = (struct iovec){coming.data[i], QUERY_MAX};
		coming.msg[i].msg_hdr = (struct msghdr){
			.msg_name = &coming.from[i], .msg_iov = &coming.iov[i], .msg_iovlen = 1};
	}
	coming.is_ready = true;
}

uint64_t micros_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

struct listener {
	struct server *s;
	struct watch *watch;
};

static void on_datagrams(struct server *s, int fd, const struct sockaddr_in6 *to)
{
	int n;

	if (!coming.is_ready)
		prepare_coming();
	for (unsigned i = 0; i < BATCH; i++)
		coming.msg[i].msg_hdr.msg_namelen = sizeof(coming.from[i]);
	n = recvmmsg(fd, coming.msg, BATCH, MSG_DONTWAIT, NULL);
	s->now_us = micros_now();
	for (int i = 0; i < n; i++) {
		const struct origin from = {.udp = fd,
					    .from = coming.from[i],
					    .from_len = coming.msg[i].msg_hdr.msg_namelen,
					    .to = to};

		if (!(coming.msg[i].msg_hdr.msg_flags & MSG_TRUNC))
			question_take(s, &from, coming.data[i], coming.msg[i].msg_len);
	}
	send_going();
}

static void connection_free(struct connection *c)
{
	struct connection **at = &c->s->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->s->n_connections--;
	buf_finish(&c->in);
	buf_finish(&c->out);
	free(c);
}

void connection_hold(struct connection *c)
{
	c->held++;
}

void connection_drop(struct connection *c)
{
	if (--c->held == 0 && c->watch.fd < 0)
		connection_free(c);
}

static void shift(struct buf *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

/* Write what waits; false when the connection is done for. */
static bool flush(struct connection *c)
{
	while (c->out.len) {
		ssize_t n = send(c->watch.fd, c->out.data, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return false;
		shift(&c->out, (size_t)n);
	}
	return c->out.len < OUT_MAX;
}

/* Whole questions out of what came; they arrive in any pieces. */
static bool take_questions(struct connection *c)
{
	while (c->in.len >= 2 && c->held <= IN_FLIGHT) {
		const uint8_t *data = (const uint8_t *)c->in.data;
		size_t len = get16(data);
		uint8_t msg[QUERY_MAX];
		const struct origin from = {.udp = -1, .connection = c};

		if (len > sizeof(msg) || len < MESSAGE_HEADER)
			return false;
		if (c->in.len < 2 + len)
			break;
		memcpy(msg, data + 2, len);
		shift(&c->in, 2 + len);
		question_take(c->s, &from, msg, len);
	}
	return true;
}

static bool receive(struct connection *c)
{
	char chunk[4096];
	ssize_t n = recv(c->watch.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->is_ending = n == 0; /* no more questions; those that came are answered */
	buf_add(&c->in, chunk, (size_t)n);
	c->end_ms = c->s->loop->now_ms + IDLE_MS;
	return true;
}

/* false when the connection is done for.  The caller holds it. */
static bool step(struct connection *c, uint32_t events)
{
	bool reads;

	if ((events & (EPOLLERR | EPOLLHUP)) || ((events & EPOLLIN) && !receive(c)) ||
	    !take_questions(c) || !flush(c))
		return false;
	if (c->is_ending && c->held == 1 && c->out.len == 0)
		return false;
	reads = !c->is_ending && c->held <= IN_FLIGHT && c->in.len < 2 * QUERY_MAX;
	loop_change(c->s->loop, &c->watch, (reads ? EPOLLIN : 0) | (c->out.len ? EPOLLOUT : 0));
	return true;
}

static void on_connection(void *arg, uint32_t events)
{
	struct connection *c = arg;

	connection_hold(c);
	c->s->now_us = micros_now();
	if (!step(c, events))
		loop_remove(c->s->loop, &c->watch);
	connection_drop(c);
}

static void on_connect(struct server *s, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c;

	if (fd < 0)
		return;
	if (s->n_connections >= SERVER_CLIENTS) {
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	*c = (struct connection){.next = s->connections,
				 .s = s,
				 .watch = {.fd = fd, .fn = on_connection, .arg = c},
				 .end_ms = s->loop->now_ms + IDLE_MS};
	s->connections = c;
	s->n_connections++;
	if (loop_add(s->loop, &c->watch, EPOLLIN) < 0) {
		close(fd);
		c->watch.fd = -1;
		connection_free(c);
	}
}

static void on_udp(void *arg, uint32_t events)
{
	const struct listener *l = arg;

	(void)events;
	on_datagrams(l->s, l->watch->fd, &l->s->local[l->watch - l->s->listeners]);
}

static void on_tcp(void *arg, uint32_t events)
{
	const struct listener *l = arg;

	(void)events;
	on_connect(l->s, l->watch->fd);
}

int server_listen(struct server *s, int fd, bool is_stream, struct err *e)
{
	static struct listener all[SERVER_LISTEN];
	unsigned i = s->n_listeners++;
	socklen_t len = sizeof(s->local[i]);

	all[i] = (struct listener){s, &s->listeners[i]};
	getsockname(fd, (struct sockaddr *)&s->local[i], &len);
	s->listeners[i] = (struct watch){fd, is_stream ? on_tcp : on_udp, &all[i], 0};
	if (loop_add(s->loop, &s->listeners[i], EPOLLIN) < 0)
		return err_set(e, errno, "watch a listener");
	return 0;
}

void server_send(struct server *s, const struct origin *to, const uint8_t *msg, size_t len)
{
	struct connection *c = to->connection;
	uint8_t prefix[2];

	(void)s;
	if (to->udp >= 0) {
		send_datagram(to, msg, len);
		return;
	}
	if (c->watch.fd < 0)
		return;
	put16(prefix, (unsigned)len);
	buf_add(&c->out, prefix, 2);
	buf_add(&c->out, msg, len); /* server_tick() sends it */
}

int server_tick(struct server *s)
{
	uint64_t now = s->loop->now_ms, next = UINT64_MAX;

	if (going.n) /* answers that came from upstream */
		send_going();
	for (struct connection *c = s->connections, *after; c; c = after) {
		after = c->next;
		if (c->watch.fd < 0)
			continue;
		if (c->end_ms < next && c->end_ms > now)
			next = c->end_ms;
		connection_hold(c);
		if (now >= c->end_ms || !step(c, 0))
			loop_remove(s->loop, &c->watch);
		connection_drop(c);
	}
	return next == UINT64_MAX ? -1 : (int)(next - now);
}

void server_finish(struct server *s)
{
	for (unsigned i = 0; i < s->n_listeners; i++)
		loop_remove(s->loop, &s->listeners[i]);
	for (struct connection *c = s->connections, *after; c; c = after) {
		after = c->next;
		loop_remove(s->loop, &c->watch);
		connection_free(c);
	}
}
