/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/ask.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"

#define PIECE 262144

/* --- what is asked --- */

void ask_line(struct buf *line, enum wish_kind kind)
{
	jw_open(line, '{');
	jw_kstr(line, "do", wish_word(kind));
}

void ask_region(struct buf *line, const char *key, const struct rect *r)
{
	if (key)
		jw_key(line, key);
	jw_open(line, '[');
	jw_number(line, r->x);
	jw_number(line, r->y);
	jw_number(line, r->w);
	jw_number(line, r->h);
	jw_close(line, ']');
}

int64_t word_number(const char *what, const char *word, int64_t least, int64_t most)
{
	uint64_t n;

	if (unit_u64(word, (uint64_t)most, &n) < 0 || (int64_t)n < least)
		die(POD_EXIT_USAGE, "%s: %s is no whole number from %lld to %lld", what, esc(word),
		    (long long)least, (long long)most);
	return (int64_t)n;
}

struct rect word_rect(const char *word)
{
	const char *at = word;
	int n[4], i;

	for (i = 0; i < 4; i++, at++) {
		char one[8] = "";
		size_t len = strcspn(at, ",");

		if (len >= sizeof(one) || (at[len] == ',') != (i < 3))
			break;
		memcpy(one, at, len);
		n[i] = (int)word_number("a region is X,Y,WIDTH,HEIGHT", one, i < 2 ? 0 : 1,
					PICTURE_SIDE_MAX - 1);
		at += len;
	}
	if (i < 4)
		die(POD_EXIT_USAGE, "%s: a region is X,Y,WIDTH,HEIGHT", esc(word));
	return (struct rect){n[0], n[1], n[2], n[3]};
}

/* --- a pod-display that serves --- */

static int reach(const char *path, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return err_set(e, fd < 0 ? errno : ENAMETOOLONG, "reach the display at %s",
			       esc(path));
	memcpy(at.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, errno, "reach the display at %s", esc(path));
	return take_fd(&fd);
}

/* --- this process --- */

static int direct_fresh(void *arg, struct err *e)
{
	struct ask *k = arg;
	int r = k->screen.ops->dispatch(&k->screen, e);

	if (r == 0 && k->screen.is_stale) {
		r = k->screen.ops->look(&k->screen, e);
		if (r == 0)
			acts_damage(&k->acts, k->screen.damage, k->screen.n_damage, loop_clock());
	}
	return r;
}

static int direct_begin(struct ask *k, const struct buf *line, struct err *e)
{
	if (screen_init(&k->screen, e) < 0 || k->screen.ops->open(&k->screen, e) < 0)
		return -e->code;
	k->signals = loop_signals(e);
	if (k->signals < 0)
		return -e->code;
	k->acts = (struct acts){.screen = &k->screen, .fresh = direct_fresh, .arg = k};
	if (direct_fresh(k, e) < 0)
		return -e->code;
	k->act = act_new(&k->acts, line->data, line->len - 1, loop_clock());
	return 0;
}

static int patience(uint64_t due, uint64_t now, int tick)
{
	int wait = due == DUE_NEVER    ? -1
		   : due <= now        ? 0
		   : due - now > 60000 ? 60000
				       : (int)(due - now);

	return tick < 0 || (wait >= 0 && wait < tick) ? wait : tick;
}

static bool has_said(const struct ask *k)
{
	return k->act->out.len || k->act->finished;
}

/* One turn, of at most ms milliseconds; -EINTR for a signal, or when other can be read. */
static int direct_turn(struct ask *k, int other, int ms, struct err *e)
{
	struct screen *s = &k->screen;
	uint64_t now = loop_clock(), due = acts_run(&k->acts, now);
	struct pollfd p[] = {
		{s->ops->fd(s), POLLIN, 0}, {k->signals, POLLIN, 0}, {other, POLLIN, 0}};
	int wait = patience(due, now, s->ops->tick(s, now));

	if (has_said(k))
		return 0;
	if (poll(p, 3, wait < 0 || (ms >= 0 && ms < wait) ? ms : wait) < 0 && errno != EINTR)
		return err_set(e, errno, "wait for the screen");
	if (p[1].revents || p[2].revents)
		return err_set(e, EINTR, "wait for the screen");
	return direct_fresh(k, e);
}

/* --- either --- */

static int by_default(char path[sizeof(((struct sockaddr_un *)0)->sun_path)])
{
	const char *dir = secure_getenv("XDG_RUNTIME_DIR");
	size_t size = sizeof(((struct sockaddr_un *)0)->sun_path);
	int n = dir && *dir == '/' ? snprintf(path, size, "%s/envpod-display", dir) : 0;

	return n > 0 && (size_t)n < size ? 0 : -ENOENT;
}

int ask_begin(struct ask *k, const char *socket, struct buf *line, struct err *e)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)] = "";
	int r = -ENOENT;

	*k = (struct ask){.fd = -1, .signals = -1, .screen = {.files = -1}};
	jw_close(line, '}');
	buf_char(line, '\n');
	if (socket || by_default(path) == 0)
		k->fd = r = reach(socket ? socket : path, e);
	if (r >= 0) {
		r = write_full(k->fd, line->data, line->len);
		return r < 0 ? err_set(e, -r, "ask the display") : 0;
	}
	k->fd = -1;
	if (socket || (r != -ENOENT && r != -ECONNREFUSED))
		return r;
	if (!secure_getenv("DISPLAY") && !secure_getenv("WAYLAND_DISPLAY"))
		return err_status(
			e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
			"there is no desktop here: no pod-display serves, and neither "
			"DISPLAY nor WAYLAND_DISPLAY names one (devices.desktop_env in the "
			"pod file gives a pod one)");
	*e = (struct err){0};
	return direct_begin(k, line, e);
}

void ask_finish(struct ask *k)
{
	own_close(&k->fd);
	act_free(k->act);
	if (k->screen.ops)
		screen_finish(&k->screen);
	own_close(&k->signals);
	buf_finish(&k->in);
	*k = (struct ask){.fd = -1, .signals = -1, .screen = {.files = -1}};
}

/* More of what comes: how much, 0 at the end. */
static ssize_t fill(struct ask *k, struct err *e)
{
	char data[PIECE];
	ssize_t n;

	if (k->at > PIECE) {
		memmove(k->in.data, k->in.data + k->at, k->in.len - k->at);
		k->in.len -= k->at;
		k->at = 0;
	}
	if (k->fd >= 0) {
		do
			n = read(k->fd, data, sizeof(data));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_set(e, errno, "hear what the display answers");
		buf_add(&k->in, data, (size_t)n);
		return n;
	}
	while (!has_said(k))
		if (direct_turn(k, -1, -1, e) < 0)
			return -e->code;
	n = (ssize_t)k->act->out.len;
	buf_add(&k->in, k->act->out.data, k->act->out.len);
	act_sent(k->act, k->act->out.len);
	return n;
}

static const char *has_line(const struct ask *k)
{
	return k->in.len > k->at ? memchr(k->in.data + k->at, '\n', k->in.len - k->at) : NULL;
}

int ask_answer(struct ask *k, struct answer *a, struct buf *line, struct err *e)
{
	const char *end;
	size_t len;

	while (!(end = has_line(k))) {
		ssize_t n = k->in.len - k->at > ANSWER_LINE_MAX
				    ? err_set(e, EFBIG, "hear what the display answers")
				    : fill(k, e);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_set(e, EPIPE, "hear what the display answers");
	}
	len = (size_t)(end - (k->in.data + k->at));
	buf_clear(line);
	buf_add(line, k->in.data + k->at, len);
	k->at += len + 1;
	return answer_parse(a, line->data, line->len, e);
}

int ask_bytes(struct ask *k, struct buf *out, uint64_t n, struct err *e)
{
	while (k->in.len - k->at < n) {
		ssize_t got = fill(k, e);

		if (got < 0)
			return (int)got;
		if (got == 0)
			return err_set(e, EPIPE, "hear what the display answers");
	}
	buf_add(out, k->in.data + k->at, n);
	k->at += n;
	return 0;
}

int ask_wait(struct ask *k, int other, int ms, struct err *e)
{
	struct pollfd p[] = {{other, POLLIN, 0}, {k->fd, POLLIN, 0}};

	if (has_line(k) || (k->fd < 0 && has_said(k)))
		return 1;
	if (k->fd < 0)
		return direct_turn(k, other, ms, e) < 0 ? -e->code : has_said(k);
	if (poll(p, 2, ms) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "wait for the display");
	return p[0].revents ? err_set(e, EINTR, "wait for the display") : p[1].revents != 0;
}

int ask_do(const char *socket, struct buf *line)
{
	OWN(ask_finish) struct ask k = {.fd = -1, .signals = -1};
	OWN_BUF struct buf text = BUF_INIT;
	struct answer a;
	struct err e = {0};

	if (ask_begin(&k, socket, line, &e) < 0 || ask_answer(&k, &a, &text, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
