/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN/NAME/desktop/web.sock: root asks for links and sessions.  A line each way:
 *
 *	link full|view		{"link":"http://…/login/SECRET"}
 *	sessions		{"session":N,"role":…,"since_s":N,"seen_s":N,"viewers":N} a line
 *each revoke N		{"ended":N}	0: all of them, and the links
 *
 * and the end.  One at a time, within a second: it is our own program that asks.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-web/display.h"

#define LINE_MAX_BYTES 64
#define WAIT_MS        1000

static void tell_link(struct front *f, const char *word, struct buf *out)
{
	bool view = strcmp(word, "view") == 0;
	char secret[WEB_SECRET], origin[64];
	struct event ev;

	if (!view && strcmp(word, "full") != 0)
		return;
	web_link_new(&f->sessions, view ? WEB_ROLE_VIEW : WEB_ROLE_FULL, f->loop.now_ms, secret);
	web_origin(&f->web, PORT_DISPLAY, origin);
	jw_open(out, '{');
	jw_key(out, "link");
	buf_fmt(out, "\"%s/login/%s\"", origin, secret);
	jw_close(out, '}');
	buf_char(out, '\n');
	explicit_bzero(secret, sizeof(secret));
	note_begin(&f->notes, &ev, "web_link", 0);
	event_str(&ev, "role", view ? "view" : "full");
	note_send(&f->notes, &ev);
}

static unsigned viewers_of(const struct front *f, uint32_t session)
{
	unsigned n = 0;

	for (const struct viewer *v = f->viewers; v; v = v->next)
		n += v->session == session;
	return n;
}

static void tell_sessions(struct front *f, const char *word, struct buf *out)
{
	uint64_t now = f->loop.now_ms;
	const struct web_session *s;
	unsigned at = 0;

	(void)word;
	while ((s = web_session_next(&f->sessions, &at, now))) {
		jw_open(out, '{');
		jw_knum(out, "session", s->number);
		jw_kstr(out, "role", s->role == WEB_ROLE_FULL ? "full" : "view");
		jw_knum(out, "since_s", (int64_t)((now - s->since) / 1000));
		jw_knum(out, "seen_s", (int64_t)((now - s->seen) / 1000));
		jw_knum(out, "viewers", viewers_of(f, s->number));
		jw_close(out, '}');
		buf_char(out, '\n');
	}
	if (!out->len)
		buf_char(out, '\n');
}

unsigned front_revoke(struct front *f, uint32_t number)
{
	unsigned n = web_session_end(&f->sessions, number);
	struct event ev;

	web_cut_ended(&f->web);
	note_begin(&f->notes, &ev, "web_revoke", number);
	event_num(&ev, "count", n);
	note_send(&f->notes, &ev);
	return n;
}

static void tell_revoke(struct front *f, const char *word, struct buf *out)
{
	uint64_t number;

	if (unit_u64(word, UINT32_MAX, &number) < 0)
		return;
	jw_open(out, '{');
	jw_knum(out, "ended", front_revoke(f, (uint32_t)number));
	jw_close(out, '}');
	buf_char(out, '\n');
}

static const struct {
	const char *word;
	void (*tell)(struct front *f, const char *word, struct buf *out);
} words[] = {
	{"link ", tell_link},
	{"sessions", tell_sessions},
	{"revoke ", tell_revoke},
};

static void answer(struct front *f, const char *line, struct buf *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if (strncmp(line, words[i].word, n) == 0)
			words[i].tell(f, line + n, out);
	}
	if (!out->len)
		buf_str(out, "{\"error\":\"what is that?\"}\n");
}

static bool is_root(int fd)
{
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == 0;
}

/* The line is in one piece: it was sent by one write. */
static bool read_line(int fd, char line[LINE_MAX_BYTES])
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n = poll(&p, 1, WAIT_MS) > 0 ? recv(fd, line, LINE_MAX_BYTES - 1, 0) : -1;

	if (n < 2 || line[n - 1] != '\n')
		return false;
	line[n - 1] = '\0';
	return true;
}

static void on_door(void *arg, uint32_t events)
{
	struct front *f = arg;
	OWN_FD int fd = accept4(f->door.fd, NULL, NULL, SOCK_CLOEXEC);
	OWN_BUF struct buf out = BUF_INIT;
	char line[LINE_MAX_BYTES];

	(void)events;
	if (fd < 0 || !is_root(fd) || !read_line(fd, line))
		return;
	answer(f, line, &out);
	send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	explicit_bzero(out.data, out.len);
}

int door_open(struct front *f, int desktop, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (fd < 0)
		return err_set(e, errno, "make a socket");
	if (unlinkat(desktop, "web.sock", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/desktop/web.sock", f->pod.runpath);
	/* However long the path is. */
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/web.sock", desktop);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    fchmodat(desktop, "web.sock", 0600, 0) < 0 || listen(fd, 16) < 0)
		return err_set(e, errno, "listen on %s/desktop/web.sock", f->pod.runpath);
	f->door = (struct watch){.fd = take_fd(&fd), .fn = on_door, .arg = f};
	return loop_add(&f->loop, &f->door, EPOLLIN) < 0 ? err_set(e, errno, "watch web.sock") : 0;
}
