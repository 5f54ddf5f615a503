/* SPDX-License-Identifier: Apache-2.0 */
/* pod-web serve: open everything, lock down, say ready, serve. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-web/cmds.h"
#include "tools/pod-web/front.h"

#define FILES   2048
#define TICK_MS 1000

/* --- opening --- */

/* 0711, so that our account reaches sock/ below it; nobody else on the host gets through RUN/NAME.
 */
static int open_desktop(const struct front *f, struct err *e)
{
	OWN_FD int fd = -1;

	if (mkdirat(f->pod.run, "desktop", 0711) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/desktop", f->pod.runpath);
	fd = openat(f->pod.run, "desktop", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fchmod(fd, 0711) < 0)
		return err_set(e, errno, "open %s/desktop", f->pod.runpath);
	return take_fd(&fd);
}

static int open_sessions(struct front *f, int desktop, struct err *e)
{
	int fd = openat(desktop, "web.state", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, errno, "open %s/desktop/web.state", f->pod.runpath);
	return web_sessions_map(&f->sessions, fd, e);
}

/* The page, and the parts of it that the build fetches, which may lie elsewhere. */
static int open_files(struct front *f, struct err *e)
{
	OWN_FREE char *index = data_path("display/index.html");
	OWN_FREE char *vendor = data_path("display/vendor");
	char *end = index ? strrchr(index, '/') : NULL;
	int r;

	if (!end)
		return err_set(e, ERR_PLAIN, "the page is not there (share/display/index.html)");
	*end = '\0';
	r = web_files_read(&f->files, index, "", e);
	if (r == 0 && vendor)
		r = web_files_read(&f->files, vendor, "/vendor", e);
	if (r == 0 && !web_files_find(&f->files, "/vendor/novnc/core/rfb.js"))
		r = err_set(e, ERR_PLAIN,
			    "noVNC is not there: build again where npm has a network");
	return r;
}

static void on_refused(struct web *w, int status, const char *why)
{
	struct front *f = w->arg;

	note_refused(&f->notes, status, why, f->loop.now_ms);
}

static int open_web(struct front *f, const char *frame_origin, struct err *e)
{
	f->web = (struct web){.routes = front_routes,
			      .fallback = page_file,
			      .sessions = &f->sessions,
			      .frame_origin = frame_origin,
			      .refused = on_refused,
			      .arg = f};
	return web_init(&f->web, &f->loop, e);
}

/*
 * Nothing is below our root but sockets to the pod and what the session says of itself; none of it
 * can be written.
 */
static int lock_down(struct front *f, int desktop, struct err *e)
{
	const struct rlimit none = {0, 0}, files = {FILES, FILES};
	struct lockdown l = {.promises = PROMISE_ACCEPT | PROMISE_EPOLL | PROMISE_SERVE |
					 PROMISE_UNIX | PROMISE_READ_FILES | PROMISE_FLAGS,
			     .read_beneath = &desktop,
			     .n_read_beneath = 1};
	int number = netid_get(&f->pod, e);

	if (number < 0)
		return number;
	l.uid = l.gid = netid_uid(number, NETID_WEB);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	if (fchdir(desktop) < 0 || chroot(".") < 0)
		return err_set(e, errno, "stand in %s/desktop", f->pod.runpath);
	return lockdown(&l, e);
}

static int follow_session(struct front *f, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/desktop", f->pod.runpath);

	return state_open(f, path, e);
}

static int open_front(struct front *f, const char *pod, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&f->pod, pod, e);
	if (r == 0)
		r = plan_open(&f->plan, &f->pod, e);
	if (r == 0)
		r = loop_init(&f->loop, e);
	return r < 0 ? r : loop_until_signal(&f->loop, &f->signals, e);
}

/* --- serving --- */

static int run(struct front *f, struct err *e)
{
	uint64_t ticked = f->loop.now_ms;
	int r = 0;

	while (!f->loop.stop && r == 0) {
		r = loop_turn(&f->loop, web_patience_ms(&f->web), e);
		if (r == 0)
			r = web_turn(&f->web, e);
		state_tell(f);
		if (f->loop.now_ms - ticked < TICK_MS)
			continue;
		ticked = f->loop.now_ms;
		display_tick(f);
		upload_tick(f);
		state_tick(f);
	}
	return r;
}

static void finish(struct front *f)
{
	web_finish(&f->web);
	web_sessions_forget(&f->sessions);
	web_sessions_finish(&f->sessions);
	web_files_finish(&f->files);
	plan_finish(&f->plan);
	pod_finish(&f->pod);
	own_close(&f->loop.fd);
}

struct choices {
	const char *listen, *frame_origin;
	int ready, events;
};

static int begin(struct front *f, const struct choices *c, struct err *e)
{
	OWN_FD int desktop = open_desktop(f, e);
	int given[WEB_LISTENERS], r;
	unsigned n = opt_fds(c->listen, given, WEB_LISTENERS);

	if (desktop < 0)
		return desktop;
	fcntl(c->events, F_SETFL, O_NONBLOCK | O_WRONLY);
	notes_init(&f->notes, c->events, f->pod.name);
	r = open_sessions(f, desktop, e);
	if (r == 0)
		r = open_files(f, e);
	if (r == 0)
		r = open_web(f, c->frame_origin, e);
	if (r == 0)
		r = ports_open(f, given, n, e);
	if (r == 0)
		r = door_open(f, desktop, e);
	if (r == 0)
		r = follow_session(f, e);
	if (r == 0)
		r = lock_down(f, desktop, e);
	if (r < 0)
		return r;
	state_read(f);
	if (c->ready >= 0 && write_full(c->ready, "\n", 1) == 0)
		close(c->ready);
	return run(f, e);
}

int cmd_serve(int argc, char **argv)
{
	static struct front f = {.pod = POD_INIT, .sessions = WEB_SESSIONS_INIT};
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct choices c = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it listens"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "write events there, not to standard output"},
		{OPT_STR, 0, "listen-fds", &c.listen, "N[,N...]",
		 "listen on these sockets, which somebody holds"},
		{OPT_STR, 0, "frame-ancestor", &c.frame_origin, "ORIGIN",
		 "pages of this origin may show ours in a frame"},
		{0},
	};
	const struct opt_usage usage = {"pod-web serve [OPTION]... POD",
					"Show a pod's desktop to browsers on this machine.", 1, 1,
					0};

	opt_parse(opts, &usage, argc, argv);
	c.ready = opt_fd(ready, -1);
	c.events = opt_fd(events, STDOUT_FILENO);
	if (open_front(&f, argv[0], &e) < 0)
		return say_err(&e);
	if (!front_plan(&f))
		return POD_EXIT_OK; /* no page: to be woken when it has one */
	if (begin(&f, &c, &e) < 0)
		return say_err(&e);
	finish(&f);
	return POD_EXIT_OK;
}
