/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every connection has one request on its way at a time, and is not read from meanwhile: what it
 * may make us keep is one line and one answer.
 */
#include "tools/pod-queue/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/lockdown.h"
#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "tools/pod-queue/catalog.h"
#include "tools/pod-queue/channel.h"
#include "tools/pod-queue/reply.h"

#define STALL_MS   10000 /* half a line, or an answer that nobody takes */
#define UNSENT_MAX 65536 /* answers of which more wait: no line is taken before they are out */

/* Asks of which more wait for the steward: nobody is heard or let in before they are out.  Who
 * comes, asks and goes again leaves his behind, so their number is bounded by nothing else. */
#define UNASKED_MAX (1u << 20)

struct conn {
	struct watch watch;
	struct listener *l;
	struct buf in, out;
	size_t sent;
	struct request request; /* a call, until we know what it takes */
	uint32_t serial;
	bool is_busy;      /* the steward is asked */
	bool is_over;      /* nothing more comes from there */
	bool closes;       /* once the answer is out */
	uint64_t deadline; /* 0: none */
};

struct listener {
	struct loop loop;
	struct watch accept, steward;
	struct channel channel;
	struct conn conns[LISTENER_CONNS];
	unsigned n;
	uint32_t generation;
	bool is_paused; /* the steward is behind */
};

static void take_lines(struct conn *c);

/* --- asking --- */

static void send_ask(struct listener *l)
{
	uint32_t events = EPOLLIN;

	if (channel_flush(&l->channel) < 0)
		l->loop.stop = 1;
	if (channel_waits(&l->channel))
		events |= EPOLLOUT;
	loop_change(&l->loop, &l->steward, events);
	if (!l->is_paused && channel_unsent(&l->channel) > UNASKED_MAX) {
		l->is_paused = true;
		loop_change(&l->loop, &l->accept, 0);
	}
}

static void ask(struct conn *c, enum op op, const struct request *r)
{
	struct ask a = {.serial = c->serial, .op = op, .timeout = r->timeout};

	if (op == OP_CALL || op == OP_SUBMIT)
		a.len = (uint32_t)strlen(r->params);
	memcpy(a.id, r->id, sizeof(a.id));
	memcpy(a.key, r->key, sizeof(a.key));
	memcpy(a.name, r->name, sizeof(a.name));
	channel_put(&c->l->channel, &a, sizeof(a), r->params, a.len);
	c->is_busy = op != OP_DROP;
	send_ask(c->l);
}

/* --- connections --- */

static void close_conn(struct conn *c)
{
	struct listener *l = c->l;

	if (c->is_busy)
		ask(c, OP_DROP, &(struct request){.params = NULL});
	loop_remove(&l->loop, &c->watch);
	buf_finish(&c->in);
	buf_finish(&c->out);
	request_finish(&c->request);
	*c = (struct conn){.watch.fd = -1};
	l->n--;
}

static void update(struct conn *c)
{
	uint32_t events = 0;

	if (c->sent < c->out.len)
		events |= EPOLLOUT; /* who takes no answers is not heard */
	else if (!c->is_busy && !c->is_over && !c->closes && !c->l->is_paused)
		events |= EPOLLIN;
	loop_change(&c->l->loop, &c->watch, events);
	c->deadline = (!c->is_busy && c->in.len && !c->l->is_paused) || c->sent < c->out.len
			      ? (c->deadline ? c->deadline : c->l->loop.now_ms + STALL_MS)
			      : 0;
}

/* As much as goes; false when the connection is gone. */
static bool send_some(struct conn *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->watch.fd, c->out.data + c->sent, c->out.len - c->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			close_conn(c);
			return false;
		}
		c->sent += (size_t)n;
		c->deadline = 0;
	}
	channel_compact(&c->out, &c->sent);
	return true;
}

/* And the lines that had to wait for it. */
static void flush(struct conn *c)
{
	do {
		if (!send_some(c))
			return;
		if (c->out.len)
			break;
		take_lines(c);
	} while (c->out.len);
	if (!c->out.len && (c->closes || (c->is_over && !c->is_busy && !c->in.len)))
		close_conn(c);
	else
		update(c);
}

static void refuse(struct conn *c, const char *error, const char *message)
{
	reply_error(&c->out, error, message);
}

static void take_line(struct conn *c, const char *line, size_t len)
{
	struct err e = {0};

	request_finish(&c->request);
	if (request_parse(&c->request, line, len, &e) < 0)
		refuse(c, "bad_request", e.msg);
	else
		ask(c, c->request.op == OP_CALL ? OP_SCHEMA : c->request.op, &c->request);
}

static char *line_end(const struct conn *c)
{
	return c->in.len ? memchr(c->in.data, '\n', c->in.len) : NULL;
}

/* Until one of them has to be asked about, or too much waits to be sent. */
static void take_lines(struct conn *c)
{
	char *nl;

	while (!c->is_busy && !c->l->is_paused && c->out.len - c->sent < UNSENT_MAX &&
	       (nl = line_end(c))) {
		size_t len = (size_t)(nl - c->in.data);

		if (c->sent == c->out.len)
			c->deadline = 0;
		take_line(c, c->in.data, len);
		memmove(c->in.data, nl + 1, c->in.len - len - 1);
		c->in.len -= len + 1;
	}
	if (c->is_busy || c->closes || line_end(c))
		return;
	if (c->in.len >= REQUEST_LINE) {
		refuse(c, "bad_request", "a line has at most 65536 bytes");
		c->closes = true;
	}
	if (c->is_over)
		c->in.len = 0; /* half a line, and no more comes */
}

static void on_conn(void *arg, uint32_t events)
{
	struct conn *c = arg;
	char data[16384];
	ssize_t n;

	if (events & (EPOLLERR | EPOLLHUP)) {
		close_conn(c);
		return;
	}
	if ((events & EPOLLIN) && !c->l->is_paused) {
		n = recv(c->watch.fd, data, sizeof(data), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			close_conn(c);
			return;
		}
		c->is_over = n == 0;
		if (n > 0)
			buf_add(&c->in, data, (size_t)n);
		take_lines(c);
	}
	flush(c);
}

static struct conn *free_conn(struct listener *l, uint32_t *slot)
{
	for (*slot = 0; *slot < LISTENER_CONNS; ++*slot)
		if (l->conns[*slot].watch.fd < 0)
			return &l->conns[*slot];
	return NULL;
}

static void turn_away(int fd)
{
	static const char busy[] = "{\"ok\":false,\"error\":\"busy\",\"message\":\"64 connections "
				   "are open already\"}\n";

	send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void on_accept(void *arg, uint32_t events)
{
	struct listener *l = arg;
	int fd = accept4(l->accept.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t slot;
	struct conn *c;

	(void)events;
	if (fd < 0)
		return;
	c = free_conn(l, &slot);
	if (!c) {
		turn_away(fd);
		return;
	}
	*c = (struct conn){.watch = {.fd = fd, .fn = on_conn, .arg = c},
			   .l = l,
			   .serial = ++l->generation * LISTENER_CONNS + slot};
	if (loop_add(&l->loop, &c->watch, EPOLLIN) < 0) {
		close(fd);
		c->watch.fd = -1;
		return;
	}
	l->n++;
}

/* --- answers --- */

/* Now that we know what the action takes. */
static void check_call(struct conn *c, const char *schema)
{
	struct param params[CATALOG_PARAMS];
	struct err e = {0};
	size_t n = params_parse(params, CATALOG_PARAMS, schema);

	if (strcmp(schema, "*") != 0 && entry_check(params, n, c->request.params, &e) < 0)
		refuse(c, "bad_params", e.msg);
	else
		ask(c, OP_CALL, &c->request);
}

static void take_error(struct conn *c, const char *text)
{
	char word[32];
	size_t n = strcspn(text, " ");

	if (n >= sizeof(word))
		n = sizeof(word) - 1;
	memcpy(word, text, n);
	word[n] = '\0';
	refuse(c, word, text[n] ? text + n + 1 : text);
}

static void take_answer(struct listener *l, const struct answer *a, const char *data)
{
	struct conn *c = &l->conns[a->serial % LISTENER_CONNS];
	OWN_FREE char *text = strndup(data, a->len);

	if (c->watch.fd < 0 || c->serial != a->serial || !c->is_busy)
		return; /* who asked is gone */
	c->is_busy = false;
	if (a->kind == ANSWER_SCHEMA)
		check_call(c, text);
	else if (a->kind == ANSWER_ERROR)
		take_error(c, text);
	else if (a->kind == ANSWER_FILE)
		reply_action(&c->out, data, a->len);
	else
		buf_add(&c->out, data, a->len);
	take_lines(c);
	flush(c);
}

static void on_steward(void *arg, uint32_t events)
{
	struct listener *l = arg;
	struct answer a;
	ssize_t n;

	if (events & EPOLLOUT)
		send_ask(l);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	if (channel_read(&l->channel) < 0) {
		l->loop.stop = 1;
		return;
	}
	while ((n = channel_frame(&l->channel, sizeof(a), CHANNEL_ANSWER)) > 0) {
		memcpy(&a, l->channel.in.data, sizeof(a));
		take_answer(l, &a, l->channel.in.data + sizeof(a));
		channel_shift(&l->channel, (size_t)n);
	}
}

/* --- serving --- */

static int sweep(struct listener *l)
{
	uint64_t next = UINT64_MAX;

	for (int i = 0; i < LISTENER_CONNS; i++) {
		struct conn *c = &l->conns[i];

		if (c->watch.fd < 0 || !c->deadline)
			continue;
		if (c->deadline <= l->loop.now_ms)
			close_conn(c);
		else if (c->deadline < next)
			next = c->deadline;
	}
	return next == UINT64_MAX ? -1 : (int)(next - l->loop.now_ms);
}

/* It has caught up: whoever had to wait is heard. */
static void resume(struct listener *l)
{
	if (!l->is_paused || channel_unsent(&l->channel) > UNASKED_MAX / 2)
		return;
	l->is_paused = false;
	loop_change(&l->loop, &l->accept, EPOLLIN);
	for (int i = 0; i < LISTENER_CONNS; i++)
		if (l->conns[i].watch.fd >= 0)
			flush(&l->conns[i]);
}

int listener_run(int socket, int channel, uid_t uid, struct err *e)
{
	static struct listener l;
	const struct lockdown down = {
		.promises = PROMISE_ACCEPT | PROMISE_EPOLL, .uid = uid, .gid = (gid_t)uid};
	int r = loop_init(&l.loop, e);

	l.channel.fd = channel;
	l.accept = (struct watch){.fd = socket, .fn = on_accept, .arg = &l};
	l.steward = (struct watch){.fd = channel, .fn = on_steward, .arg = &l};
	for (int i = 0; i < LISTENER_CONNS; i++)
		l.conns[i].watch.fd = -1;
	if (r == 0 && (loop_add(&l.loop, &l.accept, EPOLLIN) < 0 ||
		       loop_add(&l.loop, &l.steward, EPOLLIN) < 0))
		r = err_set(e, errno, "wait for the agent");
	if (r == 0)
		r = lockdown(&down, e);
	while (r == 0 && !l.loop.stop) {
		r = loop_turn(&l.loop, sweep(&l), e);
		resume(&l);
	}
	return r;
}
