/* SPDX-License-Identifier: Apache-2.0 */
/* pod-queue serve: one process hears, another acts. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-queue/cmds.h"
#include "tools/pod-queue/listener.h"
#include "tools/pod-queue/steward.h"

#define CHANGES (IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE)

/* --- the listener --- */

/*
 * RUN/NAME/queue is a directory of its own, so that its mount in the pod shows the sockets of later
 * stewards, too.  Nobody else on the host gets through RUN/NAME.
 */
static int make_socket(const struct steward *s, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	OWN_FD int dir = -1;
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (mkdirat(s->pod.run, "queue", 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/queue", s->pod.runpath);
	dir = openat(s->pod.run, "queue", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 || fd < 0)
		return err_set(e, errno, "open %s/queue", s->pod.runpath);
	if (unlinkat(dir, "sock", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/queue/sock", s->pod.runpath);
	/* However long the path is. */
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/sock", dir);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 128) < 0)
		return err_set(e, errno, "listen on %s/queue/sock", s->pod.runpath);
	if (fchmod(dir, 0755) < 0 || fchmodat(dir, "sock", 0666, 0) < 0)
		return err_set(e, errno, "open %s/queue/sock to the pod", s->pod.runpath);
	return take_fd(&fd);
}

/* It keeps these two, and where it says what went wrong. */
static void hear(int socket, int channel, uid_t uid)
{
	struct err e = {0};
	int a = fcntl(socket, F_DUPFD_CLOEXEC, 100), b = fcntl(channel, F_DUPFD_CLOEXEC, 100);

	prctl(PR_SET_NAME, "pod-queue-hear");
	if (a < 0 || b < 0 || dup2(a, 3) < 0 || dup2(b, 4) < 0)
		_exit(POD_EXIT_FAILED);
	close_range(5, ~0u, 0);
	if (listener_run(3, 4, uid, &e) < 0)
		say_error("%s", e.msg);
	_exit(e.code ? POD_EXIT_FAILED : POD_EXIT_OK);
}

/* Before anything of the steward's is open that it must not have. */
static int start_listener(struct steward *s, struct err *e)
{
	OWN_FD int socket = make_socket(s, e);
	int number = socket < 0 ? socket : netid_get(&s->pod, e), ends[2];
	pid_t pid;

	if (number < 0)
		return number;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 || (pid = fork()) < 0)
		return err_set(e, errno, "start the listener");
	if (pid == 0) {
		close(ends[0]);
		hear(socket, ends[1], netid_uid(number, NETID_QUEUE));
	}
	close(ends[1]);
	s->channel.fd = ends[0];
	return 0;
}

/* Until too much waits to be taken: who asks, leaves and asks again could make us keep any amount
 * of answers that nobody is there for. */
static void take_asks(struct steward *s)
{
	struct ask q;
	ssize_t n = 0;

	while (!answer_is_behind(s) &&
	       (n = channel_frame(&s->channel, sizeof(q), CHANNEL_ASK)) > 0) {
		memcpy(&q, s->channel.in.data, sizeof(q));
		answer_take(s, &q, s->channel.in.data + sizeof(q));
		channel_shift(&s->channel, (size_t)n);
	}
	if (n < 0)
		s->has_lost_listener = true;
}

static void on_listener(void *arg, uint32_t events)
{
	struct steward *s = arg;

	if ((events & EPOLLOUT) && channel_flush(&s->channel) < 0)
		s->loop.stop = 1;
	take_asks(s);
	if (answer_is_behind(s) && !(events & (EPOLLHUP | EPOLLERR)))
		return;
	if ((events & ~(uint32_t)EPOLLOUT) && channel_read(&s->channel) < 0)
		s->has_lost_listener = true;
	else
		take_asks(s);
}

/* --- what happens in the store --- */

static void take_change(struct steward *s, const struct inotify_event *ev, bool *approvals)
{
	char id[ACTION_ID];

	if (ev->mask & IN_Q_OVERFLOW) {
		struct err e = {0};

		*approvals = true;
		index_load(s, &e);
		return;
	}
	if (ev->wd == s->wd[PLACE_APPROVED]) {
		*approvals = *approvals || (ev->len && ev->name[0] != '.' &&
					    !(ev->mask & (IN_DELETE | IN_MOVED_FROM)));
		return;
	}
	if (!ev->len || !store_id_of(ev->name, id))
		return;
	if (ev->wd == s->wd[PLACE_RUNNING] && (ev->mask & IN_MOVED_TO) && !child_has(s, id)) {
		OWN_ACTION struct action a = {.tier = TIERS};
		struct err gone = {0};

		if (store_read(&s->store, PLACE_RUNNING, id, &a, &gone) == 0 && !a.started)
			approvals_put_back(s, PLACE_RUNNING, id);
	}
	index_refresh(s, id);
}

static void on_change(void *arg, uint32_t events)
{
	char data[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct steward *s = arg;
	bool approvals = false;
	ssize_t n;

	(void)events;
	while ((n = read(s->changes.fd, data, sizeof(data))) > 0)
		for (char *p = data; p < data + n;) {
			const struct inotify_event *ev = (const void *)p;

			take_change(s, ev, &approvals);
			p += sizeof(*ev) + ev->len;
		}
	if (approvals)
		approvals_read(s);
}

static int watch_store(struct steward *s, struct err *e)
{
	s->changes = (struct watch){
		.fd = netid_inotify(&s->pod, NETID_QUEUE, e), .fn = on_change, .arg = s};
	if (s->changes.fd < 0)
		return s->changes.fd;
	for (int i = 0; i < STORE_DIRS; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", s->store.dir[i]);
		s->wd[i] = inotify_add_watch(s->changes.fd, path, CHANGES);
		if (s->wd[i] < 0)
			return err_set(e, errno, "watch %s/queue", s->pod.path);
	}
	return loop_add(&s->loop, &s->changes, EPOLLIN) < 0 ? err_set(e, errno, "watch") : 0;
}

/* --- the steward --- */

static void on_signal(void *arg, uint32_t events)
{
	struct steward *s = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(s->signals.fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			children_reap(s);
		else if (info.ssi_signo != SIGHUP)
			s->loop.stop = 1;
	}
}

static int watch_signals(struct steward *s, struct err *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (const int *sig = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0}; *sig; sig++)
		sigaddset(&set, *sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = (struct watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .fn = on_signal, .arg = s};
	if (s->signals.fd < 0 || loop_add(&s->loop, &s->signals, EPOLLIN) < 0)
		return err_set(e, errno, "watch signals");
	return 0;
}

static int open_steward(struct steward *s, const char *pod, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&s->pod, pod, e);
	if (r == 0)
		r = plan_open(&s->plan, &s->pod, e);
	s->has_socket = plan_is(&s->plan, "queue.socket", "yes");
	if (r == 0 && s->has_socket)
		r = start_listener(s, e);
	if (r == 0)
		r = store_open(&s->store, &s->pod, e);
	if (r == 0)
		r = loop_init(&s->loop, e);
	if (r == 0)
		r = watch_signals(s, e);
	if (r == 0)
		r = watch_store(s, e);
	if (r < 0 || !s->has_socket)
		return r;
	s->listener = (struct watch){.fd = s->channel.fd, .fn = on_listener, .arg = s};
	return loop_add(&s->loop, &s->listener, EPOLLIN) < 0
		       ? err_set(e, errno, "wait for the listener")
		       : 0;
}

/* Without a socket nothing comes but what a person asks for, who wakes us. */
static bool may_rest(const struct steward *s)
{
	return !s->has_socket && index_pending(s) == 0 && children_running(s) == 0;
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int work(struct steward *s, struct err *e)
{
	int wait, r = 0;

	while (!s->loop.stop && r == 0) {
		wait = due_look(s);
		answer_waiters(s);
		if (s->has_socket) /* whatever made room for answers */
			take_asks(s);
		if (may_rest(s))
			return 0;
		wait = sooner(wait, answer_next_ms(s));
		if (s->has_socket)
			loop_change(&s->loop, &s->listener,
				    (answer_is_behind(s) ? 0 : EPOLLIN) |
					    (channel_waits(&s->channel) ? EPOLLOUT : 0));
		r = loop_turn(&s->loop, wait, e);
		if (r == 0 && s->has_lost_listener)
			r = err_set(e, ERR_PLAIN, "the listener has ended");
	}
	return r;
}

static int begin(struct steward *s, int ready, struct err *e)
{
	int r = due_recover(s, e);

	if (r == 0)
		r = index_load(s, e);
	if (r < 0)
		return r;
	s->is_recovering = true;
	approvals_read(s);
	s->is_recovering = false;
	if (ready >= 0 && write_full(ready, "\n", 1) == 0)
		close(ready);
	return work(s, e);
}

static void finish(struct steward *s)
{
	children_finish(s);
	store_finish(&s->store);
	plan_finish(&s->plan);
	pod_finish(&s->pod);
}

int cmd_serve(int argc, char **argv)
{
	static struct steward s = {
		.pod = POD_INIT, .store = STORE_INIT, .channel = {.fd = -1}, .changes = {.fd = -1}};
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it serves"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "taken, not needed: events are recorded here"},
		{0},
	};
	const struct opt_usage usage = {"pod-queue serve [OPTION]... POD",
					"Take, keep and execute what the pod's agent asks for.", 1,
					1, 0};
	int ready_fd;

	opt_parse(opts, &usage, argc, argv);
	ready_fd = opt_fd(ready, -1);
	opt_fd(events, -1);
	if (open_steward(&s, argv[0], &e) < 0 || begin(&s, ready_fd, &e) < 0)
		return say_err(&e);
	finish(&s);
	return POD_EXIT_OK;
}
