/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /upload: the body goes to pod-upload as it comes, and no faster than it is taken there; no
 * more of it is ever here than libmicrohttpd's buffer holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-web/front.h"
#include "tools/pod-web/podside.h"

#define UPLOADS_MAX 8
#define NAME_MAX_   255
#define SILENT_MS   60000 /* nothing moved for so long */
#define SLOW_MS     60000 /* and from then on at least */
#define SLOW_RATE   1024  /* bytes a second on the whole */

struct upload {
	struct upload *next;
	struct front *front;
	struct web_request *q;
	struct watch pod;
	struct buf out, in; /* the first line; what it says */
	char name[NAME_MAX_ + 1];
	uint64_t left; /* of the body, to be sent on */
	bool is_taken; /* pod-upload wants it */
	uint64_t since_ms, moved_ms;
};

/* --- answers --- */

static const struct {
	const char *code;
	unsigned status;
} statuses[] = {
	{"name", 400},
	{"size", 413},
	{"space", 507},
	{"timeout", 504},
};

static void leave_pod(struct upload *u)
{
	loop_remove(&u->front->loop, &u->pod);
}

static void refuse(struct upload *u, const char *code, const char *message)
{
	unsigned status = 502;

	leave_pod(u);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(code, statuses[i].code) == 0)
			status = statuses[i].status;
	web_refuse(u->q, status, code, message);
}

static void record(const struct upload *u)
{
	struct event ev;

	note_begin(&u->front->notes, &ev, "web_upload", u->q->session);
	event_str(&ev, "name", u->name);
	event_num(&ev, "bytes", (int64_t)u->q->length);
	note_send(&u->front->notes, &ev);
}

static void done(struct upload *u, const struct podside_answer *a)
{
	OWN_BUF struct buf b = BUF_INIT;

	leave_pod(u);
	record(u);
	jw_open(&b, '{');
	jw_kbool(&b, "ok", true);
	jw_kstr(&b, "path", a->path);
	jw_knum(&b, "size", (int64_t)u->q->length);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	web_answer(u->q, 200, "application/json", b.data, b.len, NULL);
}

/* --- the pod's side --- */

static void take_line(struct upload *u, const struct buf *line)
{
	struct podside_answer a;

	if (!podside_answer(&a, line->data, line->len)) {
		refuse(u, "pod", "the pod's receiver of files does not answer as it should");
	} else if (!a.ok) {
		refuse(u, a.error[0] ? a.error : "pod", a.message);
	} else if (!u->is_taken) {
		u->is_taken = true;
		if (u->left > 0)
			web_go_on(u->q);
	} else if (u->left > 0 || !u->q->has_ended) {
		refuse(u, "pod", "the pod's receiver of files was done too early");
	} else {
		done(u, &a);
	}
}

static void take_lines(struct upload *u)
{
	OWN_BUF struct buf line = BUF_INIT;
	int r;

	while (u->pod.fd >= 0 && (r = podside_line(u->pod.fd, &u->in, &line)) > 0)
		take_line(u, &line);
	if (u->pod.fd >= 0 && r < 0)
		refuse(u, "pod", "the pod's receiver of files went away");
}

static void send_head(struct upload *u)
{
	ssize_t n = send(u->pod.fd, u->out.data, u->out.len, MSG_NOSIGNAL);

	if (n != (ssize_t)u->out.len) /* a line fits into an empty socket */
		refuse(u, "pod", "the pod's receiver of files went away");
	buf_clear(&u->out);
}

static void on_pod(void *arg, uint32_t events)
{
	struct upload *u = arg;

	if ((events & EPOLLOUT) && u->out.len)
		send_head(u);
	if (u->pod.fd >= 0 && (events & ~(uint32_t)EPOLLOUT))
		take_lines(u);
	if (u->pod.fd < 0)
		return;
	/* Room again, for what waits here: until it is asked for anew. */
	loop_change(&u->front->loop, &u->pod, EPOLLIN);
	if ((events & EPOLLOUT) && u->is_taken && u->left > 0)
		web_go_on(u->q);
}

/* --- the client's side --- */

static bool take_name(struct upload *u)
{
	const char *text = u->q->head.value[WEB_FILE_NAME];

	return text && web_unescape(text, u->name, sizeof(u->name)) && u->name[0] &&
	       utf8_ok(u->name);
}

static void begin(struct upload *u, int fd)
{
	jw_open(&u->out, '{');
	jw_kstr(&u->out, "name", u->name);
	jw_knum(&u->out, "size", (int64_t)u->q->length);
	jw_close(&u->out, '}');
	buf_char(&u->out, '\n');
	u->pod = (struct watch){.fd = fd, .fn = on_pod, .arg = u};
	u->left = u->q->length;
	u->since_ms = u->moved_ms = u->front->loop.now_ms;
	web_take_time(u->q);
	if (loop_add(&u->front->loop, &u->pod, EPOLLIN | EPOLLOUT) < 0)
		web_cut(u->q);
}

void upload_begin(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct upload *u;
	int fd;

	if (!f->has_upload || q->length > f->upload_max || f->n_uploads >= UPLOADS_MAX) {
		if (!f->has_upload)
			web_refuse(q, 403, "off", "uploads are switched off (web_display)");
		else if (q->length > f->upload_max)
			web_refuse(q, 413, "size", "larger than this pod takes");
		else
			web_refuse(q, 503, "busy", "too many uploads at a time");
		return;
	}
	u = xcalloc(1, sizeof(*u));
	u->front = f;
	u->q = q;
	u->pod.fd = -1;
	u->next = f->uploads;
	f->uploads = u;
	f->n_uploads++;
	q->state = u;
	if (!take_name(u)) {
		web_refuse(q, 400, "name", "X-File-Name: a name in UTF-8, percent-encoded");
		return;
	}
	fd = podside_connect("upload");
	if (fd < 0)
		web_refuse(q, 503, "away", "the pod's receiver of files is not there (yet)");
	else
		begin(u, fd);
}

size_t upload_data(struct web_request *q, const char *data, size_t len)
{
	struct upload *u = q->state;
	ssize_t n;

	if (!u->is_taken) {
		web_wait(q);
		return 0;
	}
	n = send(u->pod.fd, data, len < u->left ? len : (size_t)u->left, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		take_lines(u); /* it may have said why */
		if (u->pod.fd >= 0)
			refuse(u, "pod", "the pod's receiver of files went away");
		return len;
	}
	if (n > 0) {
		u->left -= (size_t)n;
		u->moved_ms = u->front->loop.now_ms;
	}
	if (n < (ssize_t)len) {
		loop_change(&u->front->loop, &u->pod, EPOLLIN | EPOLLOUT);
		web_wait(q);
	}
	return n < 0 ? 0 : (size_t)n;
}

void upload_end(struct web_request *q)
{
	struct upload *u = q->state;

	if (!u || u->pod.fd < 0)
		return;
	web_wait(q);
	take_lines(u); /* its last word may have come with its first */
}

void upload_finish(struct web_request *q)
{
	struct upload *u = q->state;

	if (!u)
		return;
	for (struct upload **at = &u->front->uploads; *at; at = &(*at)->next)
		if (*at == u) {
			*at = u->next;
			u->front->n_uploads--;
			break;
		}
	leave_pod(u);
	buf_finish(&u->out);
	buf_finish(&u->in);
	free(u);
	q->state = NULL;
}

void upload_tick(struct front *f)
{
	uint64_t now = f->loop.now_ms;

	for (struct upload *u = f->uploads; u; u = u->next) {
		uint64_t took = now - u->since_ms, moved = u->q->length - u->left;
		bool silent = now - u->moved_ms > SILENT_MS,
		     slow = took > SLOW_MS && u->left > 0 && moved < took / 1000 * SLOW_RATE;

		if (u->pod.fd >= 0 && (silent || slow))
			web_cut(u->q);
	}
}
