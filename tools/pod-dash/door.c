/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN/dash/door: root asks for links, sessions and tokens.  A line each way, and the end:
 *
 *	link ROLE	{"link":"http://…/login/SECRET"}
 *	token ROLE	{"token":"SECRET","origin":"http://…"}
 *	sessions	an array, as GET /api/v1/sessions has it
 *	revoke N	{"ended":N}	0: all of them, and all links
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-dash/front.h"

#define LINE_MAX_BYTES 64
#define WAIT_MS        1000

static void say_link(struct front *f, const char *word, struct buf *out)
{
	unsigned role = session_role(word);
	char secret[WEB_SECRET], origin[64];

	if (!role)
		return;
	web_link_new(&f->sessions, role, f->loop.now_ms, secret);
	web_origin(&f->web, 0, origin);
	buf_fmt(out, "{\"link\":\"%s/login/%s\"}\n", origin, secret);
	explicit_bzero(secret, sizeof(secret));
}

static void say_token(struct front *f, const char *word, struct buf *out)
{
	unsigned role = session_role(word);
	char secret[WEB_SECRET], origin[64];

	if (!role || !web_token_new(&f->sessions, role, f->loop.now_ms, secret))
		return;
	web_origin(&f->web, 0, origin);
	buf_fmt(out, "{\"token\":\"%s\",\"origin\":\"%s\"}\n", secret, origin);
	explicit_bzero(secret, sizeof(secret));
}

static void say_sessions(struct front *f, const char *word, struct buf *out)
{
	(void)word;
	page_list_sessions(f, 0, out);
}

static void say_revoke(struct front *f, const char *word, struct buf *out)
{
	uint64_t number;

	if (unit_u64(word, UINT32_MAX, &number) == 0)
		buf_fmt(out, "{\"ended\":%u}\n", web_session_end(&f->sessions, (uint32_t)number));
}

static const struct {
	const char *word;
	void (*say)(struct front *f, const char *word, struct buf *out);
} words[] = {{"link ", say_link},
	     {"token ", say_token},
	     {"sessions", say_sessions},
	     {"revoke ", say_revoke}};

static void answer(struct front *f, const char *line, struct buf *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if (strncmp(line, words[i].word, n) == 0)
			words[i].say(f, line + n, out);
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

/* In one piece: it was sent by one write. */
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

int door_begin(struct front *f, int fd)
{
	f->door = (struct watch){.fd = fd, .fn = on_door, .arg = f};
	return loop_add(&f->loop, &f->door, EPOLLIN);
}
