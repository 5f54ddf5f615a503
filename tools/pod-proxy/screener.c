/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/screener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/screening.h"
#include "tools/pod-proxy/exchange.h"
#include "tools/pod-proxy/report.h"
#include "tools/pod-proxy/response.h"

#define ASK_MS  30000
#define RETRY_S 2 /* seconds, that a client is told to wait */

static struct screener *screener_of(const struct exchange *x)
{
	return &x->s->in->screener;
}

/* --- what could not be looked at --- */

static const struct skip {
	const char *reason;
	int status;
	unsigned retry_after;
	const char *error;
} skips[] = {
	{"screen_size", 413, 0, "this body is larger than what is screened"},
	{"screen_busy", 503, RETRY_S, "too many bodies wait to be screened"},
	{"screen_packed", 415, 0,
	 "this body is compressed in a way that cannot be screened: send it as it is"},
	{"screen_upgrade", 403, 0, "what follows an upgrade cannot be screened"},
	{"screen_away", 503, RETRY_S, "what screens requests did not answer"},
};
enum { SKIP_SIZE, SKIP_BUSY, SKIP_PACKED, SKIP_UPGRADE, SKIP_AWAY };

static void go_on(struct exchange *x)
{
	screener_leave(x);
	exchange_connect(x);
	exchange_wake(x);
}

/* Nobody has seen what it says: it is refused, or passes and that is on record. */
static bool skip(struct exchange *x, int which)
{
	const struct skip *w = &skips[which];
	const bool blocks = x->site->screen == SCREEN_BLOCK;

	screener_leave(x);
	report_unscreened(x, w->reason + sizeof("screen_") - 1);
	if (blocks)
		exchange_refuse(x, &(struct refusal){.status = w->status,
						     .error = w->error,
						     .rule = w->reason,
						     .retry_after = w->retry_after});
	return !blocks;
}

/* --- the answer --- */

static void refuse(struct exchange *x, const struct screen_answer *a)
{
	OWN_FREE char *error = NULL;

	error = a->n ? xfmt("refused by screening: the body holds what the rule %s (%s) looks for",
			    a->hits[0].rule, a->hits[0].category)
		     : xstrdup("refused by screening");
	exchange_refuse(
		x,
		&(struct refusal){.status = 403,
				  .error = error,
				  .rule = "screen",
				  .ask = "a person may see with 'envpod screen' what is found, and "
					 "say in screen.categories or screen.mode of the pod "
					 "file what counts"});
}

static void decide(struct exchange *x, const struct screen_answer *a)
{
	const bool is_hit = a->n || a->more;

	screener_leave(x);
	if (is_hit)
		report_screened(x, a);
	if (is_hit && x->site->screen == SCREEN_BLOCK)
		refuse(x, a);
	else
		go_on(x);
}

/* --- asking, one after the other --- */

static void hang_up(struct screener *c, struct loop *l)
{
	loop_remove(l, &c->watch);
	buf_finish(&c->question);
	buf_finish(&c->answer);
	buf_finish(&c->text);
	c->is_packed = false;
	c->sent = 0;
}

/* The answer is there, or none comes: whoever it is for goes on in its own turn. */
static void settle(struct inject *in, const struct screen_answer *a)
{
	struct exchange *x = in->screener.first;

	hang_up(&in->screener, &in->loop);
	if (a)
		decide(x, a);
	else if (skip(x, SKIP_AWAY))
		go_on(x);
}

static const struct buf *body_of(const struct screener *c)
{
	return c->is_packed ? &c->text : &c->first->sent;
}

/* 0: all of it is sent. */
static int send_question(struct screener *c)
{
	const struct buf *body = body_of(c);

	while (c->sent < c->question.len + body->len) {
		const bool is_line = c->sent < c->question.len;
		const size_t at = is_line ? c->sent : c->sent - c->question.len;
		const struct buf *b = is_line ? &c->question : body;
		const ssize_t n =
			send(c->watch.fd, b->data + at, b->len - at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return -errno;
		c->sent += (size_t)n;
	}
	return 0;
}

/* 0: there is an answer in *a. */
static int receive_answer(struct screener *c, struct screen_answer *a)
{
	char data[SCREEN_ANSWER];
	int r = -EAGAIN;

	while (r == -EAGAIN) {
		const ssize_t n = recv(c->watch.fd, data, sizeof(data), MSG_DONTWAIT);

		if (n <= 0)
			return n == 0 ? -ECONNRESET : -errno;
		if (c->answer.len + (size_t)n > SCREEN_ANSWER)
			return -EBADMSG;
		buf_add(&c->answer, data, (size_t)n);
		r = screening_read_answer(c->answer.data, c->answer.len, a);
	}
	return r;
}

static void on_screen(void *arg, uint32_t events)
{
	struct inject *in = arg;
	struct screen_answer a;
	int r = send_question(&in->screener);

	(void)events;
	if (r == 0)
		r = receive_answer(&in->screener, &a);
	if (r != -EAGAIN)
		settle(in, r == 0 ? &a : NULL);
}

static int connect_screen(struct inject *in)
{
	struct screener *c = &in->screener;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" SCREEN_SOCKET, c->net);
	c->watch = (struct watch){.fd = fd, .fn = on_screen, .arg = in};
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    loop_add(&in->loop, &c->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) < 0) {
		close(fd);
		c->watch.fd = -1;
		return -ECONNREFUSED;
	}
	return 0;
}

/* Is it as it was written?  It may say so once, or not at all. */
static bool is_said_once(const struct message *m, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += strcmp(message_text(m, m->fields[i].name), name) == 0;
	return n <= 1;
}

static int unpack(struct unzip *z, const struct buf *body, struct buf *text)
{
	char piece[65536];
	size_t at = 0;
	ssize_t n;

	for (;;) {
		n = unzip_take(z, piece, sizeof(piece));
		if (n < 0)
			return (int)n;
		if (text->len + (size_t)n > SCREEN_BODY)
			return -EFBIG;
		buf_add(text, piece, (size_t)n);
		if (n)
			continue;
		if (at == body->len)
			return unzip_is_whole(z) ? 0 : -EBADMSG;
		n = (ssize_t)(body->len - at < UNZIP_IN ? body->len - at : UNZIP_IN);
		unzip_give(z, body->data + at, (size_t)n);
		at += (size_t)n;
	}
}

/* What the server will read: 0; -EFBIG; -EBADMSG: nobody here can. */
static int prepare(struct screener *c, const struct exchange *x)
{
	const struct message *m = &x->request;
	const char *grpc = message_get(m, "grpc-encoding");
	bool known = false;
	struct unzip *z;
	int r;

	if (!is_said_once(m, "content-encoding") || !is_said_once(m, "grpc-encoding") ||
	    (grpc && strcasecmp(grpc, "identity") != 0))
		return -EBADMSG;
	z = unzip_new(message_get(m, "content-encoding"), &known);
	c->is_packed = z != NULL;
	if (!z)
		return known ? 0 : -EBADMSG;
	buf_str(&c->text, "");
	r = unpack(z, &x->sent, &c->text);
	unzip_free(z);
	return r;
}

static void ask(struct inject *in, struct exchange *x)
{
	struct screener *c = &in->screener;
	struct screen_question q;
	const int r = prepare(c, x);

	if (r < 0) {
		hang_up(c, &in->loop);
		if (skip(x, r == -EFBIG ? SKIP_SIZE : SKIP_PACKED))
			go_on(x);
		return;
	}
	q.length = body_of(c)->len;
	snprintf(q.categories, sizeof(q.categories), "%s", x->site->categories);
	screening_ask(&c->question, &q);
	c->deadline_ms = in->loop.now_ms + ASK_MS;
	if (connect_screen(in) < 0)
		settle(in, NULL);
}

void screener_turn(struct inject *in)
{
	struct screener *c = &in->screener;

	if (c->watch.fd >= 0 && c->deadline_ms <= in->loop.now_ms)
		settle(in, NULL);
	while (c->first && c->watch.fd < 0)
		ask(in, c->first);
}

void screener_finish(struct inject *in)
{
	hang_up(&in->screener, &in->loop);
	own_close(&in->screener.net);
}

/* --- an exchange's body --- */

bool screener_passes(struct exchange *x)
{
	if (x->site->screen == SCREEN_NOT)
		return true;
	if (x->request.upgrade)
		return skip(x, SKIP_UPGRADE);
	if (x->ended)
		return true;
	if (x->request.body == BODY_LENGTH && x->request.length > SCREEN_BODY)
		return skip(x, SKIP_SIZE);
	x->state = EXCHANGE_SCREEN;
	return false;
}

void screener_data(struct exchange *x, const char *data, size_t len)
{
	struct screener *c = screener_of(x);

	buf_add(&x->sent, data, len);
	x->kept += len;
	c->kept += len;
	if (x->sent.len <= SCREEN_BODY && c->kept <= SCREENED_ALL)
		return;
	if (skip(x, x->sent.len > SCREEN_BODY ? SKIP_SIZE : SKIP_BUSY))
		go_on(x);
}

void screener_end(struct exchange *x)
{
	struct screener *c = screener_of(x);

	if (!x->sent.len) {
		go_on(x);
		return;
	}
	x->asks = true;
	if (c->last)
		c->last->behind = x;
	else
		c->first = x;
	c->last = x;
}

void screener_leave(struct exchange *x)
{
	struct screener *c = screener_of(x);
	struct exchange *before = NULL;

	if (!x->asks)
		return;
	x->asks = false;
	if (c->first == x)
		hang_up(c, &x->s->in->loop);
	for (struct exchange *at = c->first; at != x; at = at->behind)
		before = at;
	if (before)
		before->behind = x->behind;
	else
		c->first = x->behind;
	if (c->last == x)
		c->last = before;
	x->behind = NULL;
}

void screener_forget(struct exchange *x)
{
	screener_of(x)->kept -= x->kept;
	x->kept = 0;
	buf_finish(&x->sent);
}
