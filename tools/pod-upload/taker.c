/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-upload/taker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-upload/head.h"

#define PIECE 65536

struct taker {
	int fd;
	struct place *place;
	struct head head;
	struct buf early; /* what came behind the first line */
};

/* An answer is short: a peer that does not take it is not waited for. */
static void say(int fd, struct buf *line)
{
	jw_close(line, '}');
	buf_char(line, '\n');
	send(fd, line->data, line->len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void taker_refuse(int fd, const char *code, const char *message)
{
	OWN_BUF struct buf line = BUF_INIT;

	jw_open(&line, '{');
	jw_kbool(&line, "ok", false);
	jw_kstr(&line, "error", code);
	jw_kstr(&line, "message", message);
	say(fd, &line);
}

/* Up to n bytes; 0 at the end, -ETIMEDOUT when none came for so long. */
static ssize_t take_some(int fd, void *data, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t got;
	int r;

	for (;;) {
		got = read(fd, data, n);
		if (got >= 0 || (errno != EAGAIN && errno != EINTR))
			return got < 0 ? -errno : got;
		r = poll(&p, 1, TAKER_PATIENCE_MS);
		if (r == 0)
			return -ETIMEDOUT;
	}
}

static int fail(const struct taker *t, const char *code, const char *message)
{
	taker_refuse(t->fd, code, message);
	return -EINVAL;
}

static int fail_with(const struct taker *t, const struct err *e)
{
	return fail(t,
		    e->code == EFBIG                         ? "size"
		    : e->code == ENOSPC || e->code == EDQUOT ? "space"
							     : "failed",
		    e->msg);
}

static int fail_short(const struct taker *t, ssize_t got)
{
	return got == -ETIMEDOUT ? fail(t, "timeout", "nothing came for half a minute")
				 : fail(t, "cut", "the end came before all of it");
}

/* The first line into `early`; where its newline is, or -errno once that was said. */
static ssize_t take_line(struct taker *t)
{
	char data[1024];
	char *end = NULL;

	while (!end) {
		ssize_t got = take_some(t->fd, data, sizeof(data));

		if (got <= 0)
			return fail_short(t, got);
		buf_add(&t->early, data, (size_t)got);
		end = memchr(t->early.data, '\n', t->early.len);
		if (t->early.len > HEAD_MAX && (!end || end - t->early.data > HEAD_MAX))
			return fail(t, "request", "the first line is too long");
	}
	return end - t->early.data;
}

static int take_head(struct taker *t)
{
	OWN_BUF struct buf line = BUF_INIT;
	const char *code, *why;
	struct err e = {0};
	ssize_t n = take_line(t);

	if (n < 0)
		return (int)n;
	if (head_parse(&t->head, t->early.data, (size_t)n, &code, &why) < 0)
		return fail(t, code, why);
	if (place_begin(t->place, t->head.size, &e) < 0)
		return fail_with(t, &e);
	n++;
	t->early.len -= (size_t)n;
	memmove(t->early.data, t->early.data + n, t->early.len);
	jw_open(&line, '{');
	jw_kbool(&line, "ok", true);
	say(t->fd, &line);
	return 0;
}

static int take_content(struct taker *t)
{
	OWN_FREE char *data = xcalloc(1, PIECE);
	uint64_t left = t->head.size;
	struct err e = {0};
	size_t n = t->early.len < left ? t->early.len : (size_t)left;

	if (place_write(t->place, t->early.data, n, &e) < 0)
		return fail_with(t, &e);
	for (left -= n; left > 0; left -= n) {
		ssize_t got = take_some(t->fd, data, left < PIECE ? (size_t)left : PIECE);

		if (got <= 0)
			return fail_short(t, got);
		n = (size_t)got;
		if (place_write(t->place, data, n, &e) < 0)
			return fail_with(t, &e);
	}
	return 0;
}

static int keep(struct taker *t)
{
	OWN_BUF struct buf name = BUF_INIT, line = BUF_INIT;
	OWN_FREE char *path = NULL;
	struct err e = {0};

	if (place_keep(t->place, t->head.name.data, &name, &e) < 0)
		return fail_with(t, &e);
	path = xfmt("%s/%s", t->place->path, name.data);
	jw_open(&line, '{');
	jw_kbool(&line, "ok", true);
	jw_kstr(&line, "path", path);
	jw_knum(&line, "size", (int64_t)t->head.size);
	say(t->fd, &line);
	return 0;
}

int taker_run(int fd, struct place *p)
{
	struct taker t = {.fd = fd, .place = p};
	int r = take_head(&t);

	if (r == 0)
		r = take_content(&t);
	if (r == 0)
		r = keep(&t);
	head_finish(&t.head);
	buf_finish(&t.early);
	return r;
}
