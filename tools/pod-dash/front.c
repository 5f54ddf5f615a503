/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/front.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"

#define FILES   1024
#define TICK_MS 1000

const struct web_route front_routes[] = {
	{.method = "GET", .path = "/login/*", .is_open = true, .end = page_login},
	{.method = "GET", .path = "/", .is_open = true, .end = page_get},
	{.method = "POST",
	 .path = "/api/v1/logout",
	 .want = WEB_CHANGES | WEB_BODY,
	 .body_max = 1024,
	 .end = page_logout},
	{.method = "GET", .path = "/api/v1/sessions", .end = page_sessions},
	{.method = "DELETE",
	 .path = "/api/v1/sessions/*",
	 .want = WEB_CHANGES | WEB_BODY,
	 .body_max = 1024,
	 .end = page_revoke},
	{.method = "GET", .path = "/api/v1/events", .begin = stream_begin, .finish = stream_finish},
	{.method = "GET",
	 .path = "/api/v1/**",
	 .begin = api_begin,
	 .end = api_end,
	 .finish = api_finish},
	{.method = "POST",
	 .path = "/api/v1/**",
	 .want = WEB_CHANGES | WEB_BODY,
	 .body_max = BODY_MAX,
	 .begin = api_begin,
	 .data = api_data,
	 .end = api_end,
	 .finish = api_finish},
	{.method = "DELETE",
	 .path = "/api/v1/**",
	 .want = WEB_CHANGES | WEB_BODY,
	 .body_max = BODY_MAX,
	 .begin = api_begin,
	 .data = api_data,
	 .end = api_end,
	 .finish = api_finish},
	{0},
};

static const struct {
	unsigned session;
	enum role role;
} roles[] = {
	{SESSION_VIEW, ROLE_VIEW}, {SESSION_OPERATE, ROLE_OPERATE}, {SESSION_ADMIN, ROLE_ADMIN}};

/* A number that we never gave is the least of them. */
enum role role_of(unsigned session_role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (roles[i].session == session_role)
			return roles[i].role;
	return ROLE_VIEW;
}

unsigned session_role(const char *name)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(role_names[roles[i].role], name) == 0)
			return roles[i].session;
	return 0;
}

/* An answer to what was asked, or news for the streams. */
static void from_runner(void *arg, uint32_t events)
{
	struct front *f = arg;
	OWN_FREE char *data = xcalloc(1, ASK_MAX);
	struct reply head;
	int fd;
	ssize_t n = packet_take(f->runner.fd, data, ASK_MAX, &fd);

	(void)events;
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n < (ssize_t)sizeof(head)) {
		f->loop.stop = 1;
		return;
	}
	memcpy(&head, data, sizeof(head));
	if (head.id)
		api_answered(f, &head, fd);
	else
		stream_news(f, data + sizeof(head), (size_t)n - sizeof(head));
	own_close(&fd);
}

static int open_files(struct front *f, struct err *e)
{
	OWN_FREE char *index = data_path("dashboard/index.html");
	OWN_FREE char *vendor = data_path("dashboard/vendor");
	char *end = index ? strrchr(index, '/') : NULL;
	int r;

	if (!end)
		return err_set(e, ERR_PLAIN,
			       "the pages are not there (share/dashboard/index.html)");
	*end = '\0';
	r = web_files_read(&f->files, index, "", e);
	if (r == 0 && vendor && access(vendor, F_OK) == 0)
		r = web_files_read(&f->files, vendor, "/vendor", e);
	return r;
}

static int lock_down(struct err *e)
{
	const struct rlimit none = {0, 0}, files = {FILES, FILES};
	const struct lockdown l = {.promises = PROMISE_ACCEPT | PROMISE_EPOLL | PROMISE_SERVE |
					       PROMISE_TAKE | PROMISE_FLAGS | PROMISE_FILE,
				   .uid = NETID_DASH,
				   .gid = NETID_DASH};

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	return lockdown(&l, e);
}

static int open_front(struct front *f, struct front_begin *b, struct err *e)
{
	int r = loop_init(&f->loop, e);

	if (r == 0)
		r = loop_until_signal(&f->loop, &f->signals, e);
	if (r == 0)
		r = web_sessions_map(&f->sessions, b->sessions, e);
	if (r == 0)
		r = open_files(f, e);
	f->web = (struct web){
		.routes = front_routes, .fallback = page_file, .sessions = &f->sessions, .arg = f};
	if (r == 0)
		r = web_init(&f->web, &f->loop, e);
	for (unsigned i = 0; r == 0 && i < b->n_listen; i++)
		r = web_listen(&f->web, b->listen[i], 0, e);
	if (r < 0)
		return r;
	f->runner = (struct watch){.fd = b->runner, .fn = from_runner, .arg = f};
	if (loop_add(&f->loop, &f->runner, EPOLLIN) < 0 || door_begin(f, b->door) < 0)
		return err_set(e, errno, "watch the runner");
	return lock_down(e);
}

static int serve(struct front *f, struct err *e)
{
	uint64_t ticked = f->loop.now_ms;
	int r = 0;

	while (!f->loop.stop && r == 0) {
		int patience = web_patience_ms(&f->web);

		r = loop_turn(&f->loop, patience < 0 || patience > TICK_MS ? TICK_MS : patience, e);
		if (r == 0)
			r = web_turn(&f->web, e);
		if (f->loop.now_ms - ticked < TICK_MS)
			continue;
		ticked = f->loop.now_ms;
		stream_tick(f);
	}
	return r;
}

int front_main(struct front_begin *b)
{
	struct front f = {.sessions = WEB_SESSIONS_INIT};
	struct err e = {0};
	int r = open_front(&f, b, &e);

	if (r == 0)
		r = serve(&f, &e);
	web_finish(&f.web);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
