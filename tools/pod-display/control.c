/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control of the display, for who handed in the socket: a line of JSON a request, a line an answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "envpod/exit.h"
#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/request.h"
#include "tools/pod-display/verbs.h"
#include "tools/pod-display/viewer.h"

#define PIECE      4096
#define REQ_MAX    4096  /* bytes of a line */
#define ANSWER_MAX 65536 /* that may wait for a reader */

struct control {
	struct control *next;
	struct desk *desk;
	struct watch w;
	bool is_gone;
	struct buf in, out;
};

static const struct verb {
	const char *word;
	int (*run)(struct desk *d, const char *line, struct buf *answer, struct err *e);
} verbs[] = {
	{"viewers", verb_viewers},     {"lease", verb_lease},   {"blank", verb_blank},
	{"clipboard", verb_clipboard}, {"resize", verb_resize}, {"size", verb_size},
	{"pointer", verb_pointer},
};

/* One object, with an end; its "do" into word. */
static int parse_line(const char *line, size_t len, char *word, size_t size, struct err *e)
{
	struct json j;
	char key[32];

	*word = '\0';
	json_init(&j, line, len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			if (strcmp(key, "do") == 0)
				json_string(&j, word, size);
			else
				json_skip(&j);
		}
	if (!json_end(&j) || memchr(line, '\0', len))
		return err_status(e, POD_EXIT_USAGE, EINVAL, "no JSON object: %s",
				  j.fault ? j.fault : "more follows");
	return 0;
}

static int run_line(struct desk *d, const char *line, size_t len, struct buf *answer, struct err *e)
{
	char word[32], *text;
	int r = parse_line(line, len, word, sizeof(word), e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].word, word) != 0)
			continue;
		text = strndup(line, len);
		r = text ? verbs[i].run(d, text, answer, e) : -ENOMEM;
		free(text);
		return r;
	}
	return err_status(e, POD_EXIT_USAGE, EINVAL, "\"do\" is none of what can be done here");
}

void control_answer(struct desk *d, const char *line, size_t len, struct buf *out)
{
	OWN_BUF struct buf members = BUF_INIT;
	struct err e = {0};

	jw_open(&members, '{');
	jw_kbool(&members, "ok", true);
	if (run_line(d, line, len, &members, &e) < 0) {
		buf_clear(&members);
		jw_open(&members, '{');
		jw_kbool(&members, "ok", false);
		jw_kstr(&members, "error", act_error(err_exit(&e)));
		jw_knum(&members, "status", err_exit(&e));
		jw_kstr(&members, "message", e.msg);
	}
	jw_close(&members, '}');
	buf_add(out, members.data, members.len);
	buf_char(out, '\n');
}

static void take_lines(struct control *c)
{
	const char *end;
	size_t at = 0;

	while (at < c->in.len && c->out.len < ANSWER_MAX &&
	       (end = memchr(c->in.data + at, '\n', c->in.len - at))) {
		size_t len = (size_t)(end - c->in.data) - at;

		control_answer(c->desk, c->in.data + at, len, &c->out);
		at += len + 1;
	}
	if (at > 0) {
		c->in.len -= at;
		memmove(c->in.data, c->in.data + at, c->in.len);
	}
	if (c->in.len > REQ_MAX)
		c->is_gone = true;
}

static void flush_out(struct control *c)
{
	ssize_t n = c->out.len ? send(c->w.fd, c->out.data, c->out.len, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno != EAGAIN)
		c->is_gone = true;
	if (n > 0) {
		c->out.len -= (size_t)n;
		memmove(c->out.data, c->out.data + n, c->out.len);
	}
	/* Who does not read is not read. */
	loop_change(&c->desk->loop, &c->w, c->out.len ? EPOLLOUT : EPOLLIN);
}

static void on_control(void *arg, uint32_t events)
{
	struct control *c = arg;
	char piece[PIECE];
	ssize_t n = 1;

	if (c->is_gone)
		return;
	if (events & ~(uint32_t)EPOLLOUT) {
		n = recv(c->w.fd, piece, sizeof(piece), 0);
		if (n > 0)
			buf_add(&c->in, piece, (size_t)n);
		else if (n == 0 || errno != EAGAIN)
			c->is_gone = true;
	}
	take_lines(c);
	flush_out(c);
}

int control_new(struct desk *d, int fd, const struct buf *rest)
{
	struct control *c;

	if (d->n_controls == CONTROLS_MAX)
		return -EBUSY;
	c = xcalloc(1, sizeof(*c));
	*c = (struct control){
		.next = d->controls, .desk = d, .w = {.fd = fd, .fn = on_control, .arg = c}};
	if (loop_add(&d->loop, &c->w, EPOLLIN) < 0) {
		free(c);
		return -ENOMEM;
	}
	d->controls = c;
	d->n_controls++;
	buf_add(&c->in, rest->data, rest->len);
	take_lines(c);
	flush_out(c);
	return 0;
}

void controls_reap(struct desk *d)
{
	struct control **at = &d->controls, *c;

	while ((c = *at)) {
		if (!c->is_gone) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		d->n_controls--;
		loop_remove(&d->loop, &c->w);
		buf_finish(&c->in);
		buf_finish(&c->out);
		free(c);
	}
}
