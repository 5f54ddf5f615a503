/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /control: what a person asks of the display.  Only what this file understands goes on to the
 * pod, in words of its own; what the pod answers comes back as text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-web/control.h"
#include "tools/pod-web/display.h"
#include "tools/pod-web/podside.h"

#define LEASE_MAX 3600 /* seconds */
#define SIDE_MAX  16384

struct change {
	struct front *front;
	struct web_request *q;
	struct watch pod;
	struct buf body, out, in;
	struct wish wish;
};

/* --- what is asked --- */

static bool take_flag(struct json *j, int64_t *out)
{
	char first = json_peek(j);

	if (first != 't' && first != 'f')
		return false;
	*out = first == 't';
	return json_skip(j);
}

/* How the display reads a member; a viewer's number is a name there. */
enum form { FORM_NUMBER, FORM_FLAG, FORM_NAME };

/* Of each word its members, all of which must be there, within bounds. */
static const struct {
	const char *word;
	enum wish_kind kind;
	struct {
		const char *name;
		int64_t min, max;
		enum form form;
	} member[2];
} words[] = {
	{"lease",
	 WISH_LEASE,
	 {{"viewer", 1, INT32_MAX, FORM_NAME}, {"seconds", 0, LEASE_MAX, FORM_NUMBER}}},
	{"blank", WISH_BLANK, {{"on", 0, 1, FORM_FLAG}, {NULL, 0, 0, FORM_NUMBER}}},
	{"resize",
	 WISH_RESIZE,
	 {{"width", 1, SIDE_MAX, FORM_NUMBER}, {"height", 1, SIDE_MAX, FORM_NUMBER}}},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

/* Members by name, whatever their order; one that nobody knows is refused. */
struct members {
	char word[16];
	int64_t value[5];
	bool has[5];
};
static const char *const names[5] = {"viewer", "seconds", "on", "width", "height"};

static bool take_member(struct json *j, const char *key, struct members *m)
{
	if (strcmp(key, "do") == 0)
		return !m->word[0] && json_string(j, m->word, sizeof(m->word));
	for (int i = 0; i < 5; i++) {
		if (strcmp(key, names[i]) != 0 || m->has[i])
			continue;
		m->has[i] = true;
		return strcmp(key, "on") == 0 ? take_flag(j, &m->value[i])
					      : json_integer(j, &m->value[i]);
	}
	return false;
}

static bool find_member(const struct members *m, const char *name, int64_t *value)
{
	for (int i = 0; i < 5; i++)
		if (strcmp(names[i], name) == 0 && m->has[i]) {
			*value = m->value[i];
			return true;
		}
	return false;
}

static bool take_word(const struct members *m, unsigned word, struct wish *w)
{
	unsigned want = 0, has = 0;

	for (int i = 0; i < 5; i++)
		has += m->has[i];
	w->kind = words[word].kind;
	for (int i = 0; i < 2 && words[word].member[i].name; i++) {
		int64_t *value = &w->value[i];

		want++;
		if (!find_member(m, words[word].member[i].name, value) ||
		    *value < words[word].member[i].min || *value > words[word].member[i].max)
			return false;
	}
	return has == want;
}

bool wish_parse(struct wish *w, const char *data, size_t len)
{
	struct members m = {.word = ""};
	struct json j;
	char key[16];

	json_init(&j, data, len);
	if (!json_open(&j, '{'))
		return false;
	while (json_member(&j, key, sizeof(key)))
		if (!take_member(&j, key, &m))
			return false;
	if (!json_end(&j))
		return false;
	for (unsigned i = 0; i < WORDS; i++)
		if (strcmp(words[i].word, m.word) == 0)
			return take_word(&m, i, w);
	return false;
}

void wish_line(const struct wish *w, struct buf *out)
{
	unsigned i = 0;

	while (words[i].kind != w->kind)
		i++;
	jw_open(out, '{');
	jw_kstr(out, "do", words[i].word);
	for (int k = 0; k < 2 && words[i].member[k].name; k++) {
		const char *name = words[i].member[k].name;
		char number[24];

		snprintf(number, sizeof(number), "%lld", (long long)w->value[k]);
		if (words[i].member[k].form == FORM_FLAG)
			jw_kbool(out, name, w->value[k] != 0);
		else if (words[i].member[k].form == FORM_NAME)
			jw_kstr(out, name, number);
		else
			jw_knum(out, name, w->value[k]);
	}
	jw_close(out, '}');
	buf_char(out, '\n');
}

/* --- what is done --- */

static void record(const struct change *c)
{
	static const char *const events[] = {"web_lease", "web_blank", "web_resize"};
	struct event ev;

	note_begin(&c->front->notes, &ev, events[c->wish.kind], c->q->session);
	if (c->wish.kind == WISH_LEASE) {
		event_num(&ev, "viewer", c->wish.value[0]);
		event_num(&ev, "seconds", c->wish.value[1]);
	} else if (c->wish.kind == WISH_BLANK) {
		event_bool(&ev, "on", c->wish.value[0] != 0);
	} else {
		event_num(&ev, "width", c->wish.value[0]);
		event_num(&ev, "height", c->wish.value[1]);
	}
	note_send(&c->front->notes, &ev);
}

static void done(struct change *c)
{
	struct front *f = c->front;

	if (c->wish.kind == WISH_LEASE)
		f->lease = c->wish.value[1] == 0
				   ? (struct lease){0}
				   : (struct lease){(uint32_t)c->wish.value[0],
						    f->loop.now_ms +
							    1000 * (uint64_t)c->wish.value[1]};
	else if (c->wish.kind == WISH_BLANK)
		f->is_blank = c->wish.value[0] != 0;
	record(c);
	state_news(f);
	web_answer(c->q, 200, "application/json", "{\"ok\":true}\n", 12, NULL);
}

static void take_answer(struct change *c, const struct buf *line)
{
	struct podside_answer a;

	loop_remove(&c->front->loop, &c->pod);
	if (!podside_answer(&a, line->data, line->len))
		web_refuse(c->q, 502, "display", "the pod's display does not answer as it should");
	else if (a.ok)
		done(c);
	else
		web_refuse(c->q, 409, a.error[0] ? a.error : "display", a.message);
}

static void on_pod(void *arg, uint32_t events)
{
	struct change *c = arg;
	OWN_BUF struct buf line = BUF_INIT;
	int r = 0;

	if ((events & EPOLLOUT) && c->out.len) {
		ssize_t n = send(c->pod.fd, c->out.data, c->out.len, MSG_NOSIGNAL);

		r = n == (ssize_t)c->out.len ? 0 : -EPIPE; /* a line fits into an empty socket */
		buf_clear(&c->out);
		loop_change(&c->front->loop, &c->pod, EPOLLIN);
	}
	if (r == 0 && (events & ~(uint32_t)EPOLLOUT))
		r = podside_line(c->pod.fd, &c->in, &line);
	if (r > 0) {
		take_answer(c, &line);
	} else if (r < 0) {
		loop_remove(&c->front->loop, &c->pod);
		web_refuse(c->q, 502, "display", "the pod's display does not answer as it should");
	}
}

/* A lease is for who asks, by a page that is there and may touch. */
static bool may(const struct change *c)
{
	const struct viewer *v;

	if (c->wish.kind != WISH_LEASE)
		return true;
	v = viewer_find(c->front, (uint32_t)c->wish.value[0]);
	return v && v->session == c->q->session && !v->is_view;
}

static void begin(struct change *c)
{
	int fd;

	if (!c->body.len || !wish_parse(&c->wish, c->body.data, c->body.len)) {
		web_refuse(c->q, 400, "request", "lease, blank or resize, with what belongs to it");
		return;
	}
	if (!may(c)) {
		web_refuse(c->q, 403, "viewer", "that viewer is not yours, or only looks");
		return;
	}
	fd = podside_connect("display");
	if (fd < 0) {
		web_refuse(c->q, 503, "away", "the pod's display is not there (yet)");
		return;
	}
	buf_str(&c->out, "control\n");
	wish_line(&c->wish, &c->out);
	c->pod = (struct watch){.fd = fd, .fn = on_pod, .arg = c};
	if (loop_add(&c->front->loop, &c->pod, EPOLLIN | EPOLLOUT) < 0)
		web_cut(c->q);
	else
		web_wait(c->q);
}

static struct change *change_of(struct web_request *q)
{
	struct change *c = q->state;

	if (!c) {
		c = xcalloc(1, sizeof(*c));
		c->front = q->web->arg;
		c->q = q;
		c->pod.fd = -1;
		q->state = c;
	}
	return c;
}

size_t control_data(struct web_request *q, const char *data, size_t len)
{
	buf_add(&change_of(q)->body, data, len); /* body_max bounds it */
	return len;
}

void control_end(struct web_request *q)
{
	begin(change_of(q));
}

void control_finish(struct web_request *q)
{
	struct change *c = q->state;

	if (!c)
		return;
	loop_remove(&c->front->loop, &c->pod);
	buf_finish(&c->body);
	buf_finish(&c->out);
	buf_finish(&c->in);
	free(c);
	q->state = NULL;
}

void control_left(struct front *f, uint32_t viewer)
{
	if (f->lease.viewer == viewer)
		f->lease = (struct lease){0};
	state_news(f);
}
