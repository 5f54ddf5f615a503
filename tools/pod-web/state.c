/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /state and /events: how the desktop stands.  What is told differs by who is told: whose viewers
 * are whose.  A lease that just runs down is no news.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/follow.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-web/display.h"

/* --- what the session says --- */

/* A display that was started again knows of no lease, and shows everything. */
static void forget_display(struct front *f, const struct services *before)
{
	const struct service *was = services_find(before, "display"),
			     *is = services_find(&f->services, "display");

	if (was && is && was->restarts == is->restarts && strcmp(was->state, is->state) == 0)
		return;
	f->lease = (struct lease){0};
	f->is_blank = false;
}

void state_read(struct front *f)
{
	OWN_FD int fd = openat(AT_FDCWD, "session.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	OWN_BUF struct buf b = BUF_INIT;
	struct services before = f->services;

	if (fd < 0 || read_fd(fd, &b, SERVICES_TEXT) < 0 || !b.len)
		f->services = (struct services){.n = 0};
	else
		services_parse(&f->services, b.data, b.len);
	forget_display(f, &before);
	if (memcmp(&before, &f->services, sizeof(before)) != 0)
		state_news(f);
}

static void on_session(void *arg, uint32_t events)
{
	struct front *f = arg;

	(void)events;
	follow_drain(&f->session);
	state_read(f);
}

int state_open(struct front *f, const char *desktop, struct err *e)
{
	f->session = (struct watch){.fd = -1, .fn = on_session, .arg = f};
	return follow_begin(&f->session, &f->loop, &f->pod, NETID_WEB, desktop, FOLLOW_FILES, e);
}

/* --- what is told --- */

static void add_services(const struct front *f, struct buf *b)
{
	jw_key(b, "services");
	jw_open(b, '[');
	for (unsigned i = 0; i < f->services.n; i++) {
		jw_open(b, '{');
		jw_kstr(b, "name", f->services.v[i].name);
		jw_kstr(b, "state", f->services.v[i].state);
		jw_knum(b, "restarts", f->services.v[i].restarts);
		jw_close(b, '}');
	}
	jw_close(b, ']');
}

static void add_viewers(const struct front *f, uint32_t session, struct buf *b)
{
	jw_key(b, "viewers");
	jw_open(b, '[');
	for (const struct viewer *v = f->viewers; v; v = v->next) {
		if (v->is_replaced)
			continue;
		jw_open(b, '{');
		jw_knum(b, "id", v->number);
		jw_kstr(b, "mode", v->is_view ? "view" : "control");
		jw_kbool(b, "mine", v->session == session);
		jw_close(b, '}');
	}
	jw_close(b, ']');
}

static void add_lease(const struct front *f, uint32_t session, struct buf *b)
{
	const struct viewer *holder = viewer_find(f, f->lease.viewer);

	jw_key(b, "lease");
	if (!holder) {
		buf_str(b, "null");
		return;
	}
	jw_open(b, '{');
	jw_knum(b, "viewer", holder->number);
	jw_kbool(b, "mine", holder->session == session);
	jw_knum(b, "seconds", (int64_t)((f->lease.until - f->loop.now_ms + 999) / 1000));
	jw_close(b, '}');
}

static void compose(const struct front *f, uint32_t session, unsigned role, struct buf *b)
{
	jw_open(b, '{');
	jw_knum(b, "v", 1);
	jw_kstr(b, "pod", f->pod.name);
	jw_kbool(b, "ready", f->services.is_ready);
	jw_kstr(b, "role", role == WEB_ROLE_FULL ? "full" : "view");
	add_services(f, b);
	add_viewers(f, session, b);
	add_lease(f, session, b);
	jw_kbool(b, "blank", f->is_blank);
	jw_kbool(b, "audio", f->has_audio);
	jw_kbool(b, "upload", f->has_upload && role == WEB_ROLE_FULL);
	jw_knum(b, "upload_max", (int64_t)f->upload_max);
	jw_kbool(b, "clipboard", f->has_clipboard);
	jw_close(b, '}');
}

void state_get(struct web_request *q)
{
	OWN_BUF struct buf b = BUF_INIT;

	compose(q->web->arg, q->session, q->role, &b);
	buf_char(&b, '\n');
	web_answer(q, 200, "application/json", b.data, b.len, NULL);
}

static void put_state(struct web_stream *s, void *arg)
{
	OWN_BUF struct buf b = BUF_INIT;

	compose(arg, s->q->session, s->q->role, &b);
	web_stream_put(s, "state", b.data, b.len);
}

void state_follow(struct web_request *q)
{
	struct front *f = q->web->arg;
	struct web_stream *s = web_stream_begin(&f->streams, q);

	if (s)
		put_state(s, f);
}

void state_news(struct front *f)
{
	f->has_news = true;
	f->web.is_due = true; /* so that this turn does not wait */
}

void state_tell(struct front *f)
{
	if (f->has_news)
		web_streams_each(&f->streams, put_state, f);
	f->has_news = false;
}

void state_tick(struct front *f)
{
	if (f->lease.viewer && f->lease.until <= f->loop.now_ms) {
		f->lease = (struct lease){0};
		state_news(f);
	}
	web_streams_tick(&f->streams, f->loop.now_ms);
}
