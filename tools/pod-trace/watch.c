/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two processes.  This one is root, reads nothing that comes out of the pod, and holds the programs
 * in the kernel: where the other one ends, what was not read yet is still there for the next.  It
 * begins the other anew when a secret or the pod file changes, so that known values are never
 * written.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/loop.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-trace/attach.h"
#include "tools/pod-trace/cmds.h"
#include "tools/pod-trace/listen.h"
#include "tools/pod-trace/mask.h"

#define LEAST_MS 100

struct watcher {
	struct pod pod;
	struct plan plan;
	struct attach attach;
	struct writes writes;
	int signals, changes;
	int ready, events;
	int alive; /* open as long as we live */
	uid_t uid;
	pid_t child;
	int64_t begun_ms;
};

static bool is_wanted(const struct watcher *w)
{
	return !plan_is(&w->plan, "trace", "no");
}

/* In the child.  The other end of `alive` is the parent's alone: its death ends us, too. */
static int become_listener(struct watcher *w, int alive)
{
	const struct listen l = {.pod = &w->pod,
				 .plan = &w->plan,
				 .attach = &w->attach,
				 .writes = &w->writes,
				 .events = w->events,
				 .ready = w->ready,
				 .alive = alive,
				 .uid = w->uid};

	close(w->changes);
	close(w->signals);
	close(w->pod.dir);
	close(w->pod.run);
	return listen_run(&l);
}

static int begin(struct watcher *w, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	own_close(&w->alive);
	w->alive = ends[1];
	w->begun_ms = clock_ms();
	w->child = fork();
	if (w->child == 0) {
		close(ends[1]);
		_exit(become_listener(w, ends[0]));
	}
	close(ends[0]);
	if (w->child < 0)
		return err_set(e, errno, "start a process");
	own_close(&w->ready);
	w->ready = -1;
	return 0;
}

static int end(struct watcher *w)
{
	int status = 0;

	if (w->child <= 0)
		return POD_EXIT_OK;
	kill(w->child, SIGTERM);
	waitpid(w->child, &status, 0);
	w->child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : POD_EXIT_FAILED;
}

static int load_plan(struct watcher *w, struct err *e)
{
	struct plan plan = {0};
	int r = plan_open(&plan, &w->pod, e);

	if (r < 0)
		return r;
	plan_finish(&w->plan);
	w->plan = plan;
	return 0;
}

/* The index of all vaults is replaced with each change of any secret. */
static int open_changes(struct watcher *w, struct err *e)
{
	OWN_FREE char *keys = xfmt("%s/keys", pod_state_dir());

	w->changes = netid_inotify(&w->pod, NETID_TRACE, e);
	if (w->changes < 0)
		return w->changes;
	if (inotify_add_watch(w->changes, w->pod.path, IN_MOVED_TO | IN_ONLYDIR) < 0)
		return err_set(e, errno, "watch %s", w->pod.path);
	if (inotify_add_watch(w->changes, keys, IN_MOVED_TO | IN_ONLYDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "watch %s", keys);
	return 0;
}

static bool take_changes(const struct watcher *w)
{
	char data[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool news = false;
	ssize_t n;

	while ((n = read(w->changes, data, sizeof(data))) > 0)
		for (char *p = data; p < data + n;) {
			const struct inotify_event *ev = (const void *)p;

			news |= ev->mask & IN_Q_OVERFLOW ||
				(ev->len &&
				 (strcmp(ev->name, "pod.json") == 0 ||
				  (strcmp(ev->name, "index") == 0 && mask_wanted(&w->plan))));
			p += sizeof(*ev) + ev->len;
		}
	return news;
}

static int watch_open(struct watcher *w, const char *pod, struct err *e)
{
	int r = pod_check_caller(e), number = 0;

	if (r == 0)
		r = pod_open(&w->pod, pod, e);
	if (r == 0)
		r = load_plan(w, e);
	if (r == 0)
		number = netid_get(&w->pod, e);
	if (r == 0 && number >= 0)
		r = open_changes(w, e);
	if (r == 0)
		r = w->signals = loop_signals(e);
	w->uid = netid_uid(number, NETID_TRACE);
	return r < 0 || number < 0 ? -e->code : 0;
}

/* A new listener knows the new secrets; the old one has written what it knew of by then. */
static int renew(struct watcher *w, struct err *e)
{
	end(w);
	if (load_plan(w, e) < 0)
		say_err(e); /* the old one holds */
	*e = (struct err){0};
	return is_wanted(w) ? begin(w, e) : 0;
}

/* It was killed: what it has not read is still in the ring.  One that cannot live is not begun. */
static int again(struct watcher *w, struct err *e)
{
	bool lived = clock_ms() - w->begun_ms >= LEAST_MS;

	end(w);
	return lived ? begin(w, e)
		     : err_set(e, ERR_PLAIN, "the listener of pod %s does not live", w->pod.name);
}

static int serve(struct watcher *w, struct err *e)
{
	int r = begin(w, e);

	while (r == 0 && w->child > 0) {
		OWN_FD int child = (int)syscall(SYS_pidfd_open, w->child, 0);
		struct pollfd fds[] = {{.fd = w->signals, .events = POLLIN},
				       {.fd = w->changes, .events = POLLIN},
				       {.fd = child, .events = POLLIN}};

		if (child < 0)
			return err_set(e, errno, "watch the listener");
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "wait");
		if (fds[0].revents)
			return 0;
		if (fds[2].revents)
			r = again(w, e);
		else if (fds[1].revents && take_changes(w))
			r = renew(w, e);
	}
	return r;
}

static void watch_finish(struct watcher *w)
{
	end(w);
	attach_finish(&w->attach);
	writes_finish(&w->writes, &w->pod);
	plan_finish(&w->plan);
	own_close(&w->changes);
	own_close(&w->signals);
	own_close(&w->alive);
	pod_finish(&w->pod);
}

int cmd_watch(int argc, char **argv)
{
	OWN(watch_finish)
	struct watcher w = {.pod = POD_INIT,
			    .attach = ATTACH_INIT,
			    .writes = WRITES_INIT,
			    .signals = -1,
			    .changes = -1,
			    .ready = -1,
			    .alive = -1};
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there once it sees everything"},
		{OPT_U64, 0, "event-fd", &events, "N", "events go there (standard output)"},
		{0},
	};
	const struct opt_usage usage = {"pod-trace watch [OPTION]... POD",
					"Record which commands run in a pod, until SIGTERM.", 1, 1,
					0};

	opt_parse(opts, &usage, argc, argv);
	w.ready = opt_fd(ready, -1);
	w.events = opt_fd(events, STDOUT_FILENO);
	if (watch_open(&w, argv[0], &e) < 0)
		return say_err(&e);
	if (!is_wanted(&w))
		return POD_EXIT_OK;
	if (attach_open(&w.attach, w.pod.name, &e) < 0 || writes_open(&w.writes, &w.pod, &e) < 0 ||
	    serve(&w, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
