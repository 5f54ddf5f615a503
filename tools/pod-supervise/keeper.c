/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper reads nothing that a pod or a daemon has written but single bytes: it starts, waits,
 * and starts again.  What daemons report goes to the writer by pipes, whose ends stay open here, so
 * that neither a daemon's nor the writer's death loses what is on its way.
 *
 * A keeper that is killed leaves its daemons running; the next one adopts them, by pid and start
 * time, and hears of their end by a pidfd.  They go on reporting to the old writer, which ends with
 * the last of them.
 */
#include "tools/pod-supervise/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-supervise/slot.h"

#define READY_MS  10000 /* a daemon may take so long to say that it is ready */
#define END_MS    2000  /* and so long to end, when asked to */
#define DELAY_MIN 100
#define DELAY_MAX 10000
#define WRITER_MS 1000  /* between two writers: a full disk is not mended by hurry */
#define STEADY_MS 10000 /* up for so long: the next death is another matter */

int keeper_open(struct keeper *k, struct err *e)
{
	sigset_t taken;

	k->lock = slot_lock(k->pod.run, "helpers.pid");
	if (k->lock < 0)
		return err_status(e, POD_EXIT_BUSY, k->lock == -EAGAIN ? EBUSY : -k->lock,
				  "keep the helpers of pod %s", k->pod.name);
	if (mkdirat(k->pod.dir, "log", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/log", k->pod.path);
	k->logdir = openat(k->pod.dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (k->logdir < 0)
		return err_set(e, errno, "open %s/log", k->pod.path);
	sigemptyset(&taken);
	for (const int *s = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, 0}; *s; s++)
		sigaddset(&taken, *s);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	k->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals < 0 ? err_set(e, errno, "wait for signals")
			      : services_read(&k->services, &k->pod, e);
}

void keeper_finish(struct keeper *k)
{
	services_finish(&k->services);
	for (int i = 0; i < SERVICES_MAX; i++)
		own_close(&k->pipes[i]);
	own_close(&k->lock);
	own_close(&k->logdir);
	own_close(&k->told);
	own_close(&k->signals);
	own_close(&k->alarm[0]);
	own_close(&k->alarm[1]);
	pod_finish(&k->pod);
}

static int make_pipes(struct keeper *k, struct err *e)
{
	if (pipe2(k->alarm, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(e, errno, "make a pipe");
	for (int i = 0; i < k->services.n; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
			return err_set(e, errno, "make a pipe");
		k->pipes[i] = ends[0];
		k->services.v[i].events = ends[1];
	}
	return 0;
}

/* A port forwarder and the injector report as the proxy they are part of. */
static const char *src_of(const struct service *s)
{
	bool proxy = strcmp(s->name, "forward") == 0 || strcmp(s->name, "inject") == 0;

	return proxy ? "proxy" : s->name;
}

/* Where ENVPOD_TOOLS puts another pod-audit in front, it gets the lines. */
static int open_other(const char *pod, struct err *e)
{
	char *argv[] = {"pod-audit", "append", (char *)pod, NULL};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	OWN_FD int out = ends[0];
	struct spawn_io io = {.in = out, .out = -1, .err = -1};
	int pid = spawn_start(argv, &io, e);

	if (pid < 0)
		close(ends[1]);
	return pid < 0 ? pid : ends[1];
}

static void become_writer(struct keeper *k)
{
	struct writer w = {.pod = k->pod.name,
			   .audit = -1,
			   .other = -1,
			   .alarm = k->alarm[1],
			   .n = k->services.n};
	struct err e = {0};

	prctl(PR_SET_NAME, "pod-events");
	for (int i = 0; i < w.n; i++) {
		w.pipe[i] = k->pipes[i];
		w.src[i] = src_of(&k->services.v[i]);
		own_close(&k->services.v[i].events); /* or no pipe would ever end */
	}
	if (tool_is_foreign("pod-audit"))
		w.other = open_other(w.pod, &e);
	else
		w.audit = record_open(w.pod, &e);
	own_close(&k->lock);
	own_close(&k->told);
	if (e.code || writer_run(&w, &e) < 0)
		say_error("%s", e.msg);
	_exit(e.code ? POD_EXIT_FAILED : POD_EXIT_OK);
}

static int start_writer(struct keeper *k, struct err *e)
{
	k->writer = fork();
	if (k->writer == 0)
		become_writer(k);
	return k->writer < 0 ? err_set(e, errno, "start the writer of events") : 0;
}

/* What cannot be had here the daemon tries to get, and says why not. */
static void hold_sockets(const struct keeper *k, struct service *s)
{
	OWN_FD int ns = s->sockets.n ? netns_open(&k->pod) : -1;
	struct err ignored = {0};

	sockets_open(&s->sockets, ns, &ignored);
}

static int start_service(struct keeper *k, struct service *s, struct err *e)
{
	int ready[2];

	hold_sockets(k, s);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	s->pid = fork();
	if (s->pid == 0)
		keeper_become(k, s, ready[1]);
	close(ready[1]);
	s->ready = ready[0];
	if (s->pid < 0)
		return err_set(e, errno, "start %s", s->name);
	s->start = pod_start_time(s->pid);
	s->state = SERVICE_STARTING;
	s->woken = false;
	s->since = clock_ms();
	s->due = s->since + READY_MS;
	return 0;
}

static void record_death(const struct keeper *k, const struct service *s, int status)
{
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, k->pod.name, "supervise", "service_died");
	event_str(&ev, "service", s->name);
	if (status >= 0 && WIFSIGNALED(status))
		event_num(&ev, "signal", WTERMSIG(status));
	else if (status >= 0)
		event_num(&ev, "status", WEXITSTATUS(status));
	event_num(&ev, "restarts", s->restarts);
	if (record_event(&ev, false, &e) < 0)
		say_error("%s", e.msg);
}

static void tell(struct keeper *k, const struct err *e)
{
	if (k->told >= 0)
		write_full(k->told, e, sizeof(*e));
	own_close(&k->told);
	k->told = -1;
}

/* What it said last, for whoever waits for the start. */
static void last_words(const struct keeper *k, const struct service *s, char out[256])
{
	OWN_FREE char *name = xfmt("%s.log", s->name);
	OWN_FD int fd = openat(k->logdir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[512];
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);
	char *line;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	line = strrchr(text, '\n');
	snprintf(out, 256, "%s", esc(line ? line + 1 : text));
}

/* Before all were ready once, a death is the start's failure. */
static void give_up(struct keeper *k, const struct service *s, const char *how)
{
	char said[256];

	last_words(k, s, said);
	err_set(&k->failed, ERR_PLAIN, "%s %s: %s (see %s/log/%s.log)", s->name, how, said,
		k->pod.path, s->name);
	k->ending = true;
}

/* Somebody who woke it while it was on its way out gets it started once more. */
static bool goes_to_rest(struct service *s, int status)
{
	if (!s->may_rest || status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return false;
	s->state = s->woken ? SERVICE_WAITING : SERVICE_RESTING;
	s->due = s->woken ? clock_ms() : INT64_MAX;
	s->delay_ms = 0;
	return true;
}

static void wake_all(struct keeper *k)
{
	k->services.wakes++;
	for (int i = 0; i < k->services.n; i++) {
		struct service *s = &k->services.v[i];

		s->woken = true;
		if (!s->may_rest || (s->state != SERVICE_RESTING && s->state != SERVICE_WAITING))
			continue;
		s->state = SERVICE_WAITING;
		s->due = clock_ms();
		s->delay_ms = 0;
	}
}

static void take_death(struct keeper *k, struct service *s, int status)
{
	int64_t now = clock_ms();
	bool was_steady = s->state == SERVICE_UP && now - s->since > STEADY_MS;

	own_close(&s->ready);
	own_close(&s->pidfd);
	s->ready = s->pidfd = -1;
	s->pid = 0;
	s->state = SERVICE_WAITING;
	s->since = now;
	if (k->ending || goes_to_rest(s, status))
		return;
	if (k->told >= 0) {
		give_up(k, s, "ended at once");
		return;
	}
	s->restarts++;
	s->delay_ms = was_steady || !s->delay_ms ? DELAY_MIN : s->delay_ms * 2;
	if (s->delay_ms > DELAY_MAX)
		s->delay_ms = DELAY_MAX;
	s->due = now + s->delay_ms;
	record_death(k, s, status);
}

static void reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->freezer)
			k->freezer = 0;
		if (pid == k->writer) {
			k->writer = 0;
			k->writer_due = clock_ms() + WRITER_MS;
		}
		for (int i = 0; i < k->services.n; i++)
			if (k->services.v[i].pid == pid)
				take_death(k, &k->services.v[i], status);
	}
}

static void take_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(k);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			k->ending = true;
		else if (info.ssi_signo == SIGHUP)
			wake_all(k);
	}
}

/* The writer has seen a canary.  What pod-limit says about a pod that is not running is in the log.
 */
static void take_alarm(struct keeper *k)
{
	/* whoever touched a canary may have had a hand in guardians as well */
	char *argv[] = {"pod-limit", "freeze", "--part", "all", k->pod.name, NULL};
	struct err e = {0};
	char bytes[64];

	while (read(k->alarm[0], bytes, sizeof(bytes)) == sizeof(bytes))
		;
	if (k->freezer > 0)
		return;
	k->freezer = spawn_start(argv, NULL, &e);
	if (k->freezer < 0)
		say_error("%s", e.msg);
}

static void take_ready(struct service *s)
{
	char byte;

	if (read(s->ready, &byte, 1) != 1)
		return; /* it ended: SIGCHLD says so, too */
	own_close(&s->ready);
	s->ready = -1;
	s->state = SERVICE_UP;
	s->since = clock_ms();
}

static bool all_up(const struct keeper *k)
{
	for (int i = 0; i < k->services.n; i++)
		if (k->services.v[i].state != SERVICE_UP &&
		    k->services.v[i].state != SERVICE_RESTING)
			return false;
	return true;
}

/* Restarts that are due, and starts that took too long. */
static void take_time(struct keeper *k)
{
	struct err e = {0};
	int64_t now = clock_ms();

	for (int i = 0; i < k->services.n && !k->ending; i++) {
		struct service *s = &k->services.v[i];

		if (s->state == SERVICE_STARTING && s->due <= now) {
			if (k->told >= 0)
				give_up(k, s, "did not become ready");
			kill(s->pid, SIGKILL);
		} else if (s->state == SERVICE_WAITING && s->due <= now &&
			   start_service(k, s, &e) < 0)
			give_up(k, s, e.msg);
	}
	if (k->writer == 0 && k->writer_due <= now && !k->ending && start_writer(k, &e) < 0)
		say_error("%s", e.msg);
}

static int patience(const struct keeper *k)
{
	int64_t next = k->writer ? INT64_MAX : k->writer_due, now = clock_ms();

	for (int i = 0; i < k->services.n; i++)
		if (k->services.v[i].state != SERVICE_UP && k->services.v[i].due < next)
			next = k->services.v[i].due;
	if (next == INT64_MAX)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

static void wait_once(struct keeper *k)
{
	struct pollfd fds[2 + 2 * SERVICES_MAX] = {{.fd = k->signals, .events = POLLIN},
						   {.fd = k->alarm[0], .events = POLLIN}};
	nfds_t n = 2;

	for (int i = 0; i < k->services.n; i++) {
		fds[n++] = (struct pollfd){.fd = k->services.v[i].ready, .events = POLLIN};
		fds[n++] = (struct pollfd){.fd = k->services.v[i].pidfd, .events = POLLIN};
	}
	if (poll(fds, n, patience(k)) < 0)
		return;
	for (int i = 0; i < k->services.n; i++) {
		if (fds[2 + 2 * i].revents && k->services.v[i].ready >= 0)
			take_ready(&k->services.v[i]);
		if (fds[3 + 2 * i].revents && k->services.v[i].pidfd >= 0)
			take_death(k, &k->services.v[i], -1);
	}
	if (fds[1].revents & POLLIN)
		take_alarm(k);
	take_signals(k);
}

static void signal_all(struct keeper *k, int sig)
{
	for (int i = 0; i < k->services.n; i++)
		if (k->services.v[i].pid > 0)
			kill(k->services.v[i].pid, sig);
}

static bool any_lives(const struct keeper *k)
{
	for (int i = 0; i < k->services.n; i++)
		if (k->services.v[i].pid > 0)
			return true;
	return false;
}

/* Until none lives or the time is over. */
static void wait_ended(struct keeper *k, int64_t until)
{
	for (int i = 0; i < k->services.n; i++)
		k->services.v[i].due = until;
	while (any_lives(k) && clock_ms() < until) {
		for (int i = 0; i < k->services.n; i++)
			k->services.v[i].state = SERVICE_WAITING;
		wait_once(k);
	}
}

/* The writer ends with the last end of its pipes, when all is written down. */
static void end_writer(struct keeper *k)
{
	for (int i = 0; i < k->services.n; i++) {
		own_close(&k->services.v[i].events);
		k->services.v[i].events = -1;
	}
	if (k->writer > 0)
		waitpid(k->writer, NULL, 0);
}

static void end(struct keeper *k)
{
	k->ending = true;
	signal_all(k, SIGTERM);
	wait_ended(k, clock_ms() + END_MS);
	signal_all(k, SIGKILL);
	wait_ended(k, clock_ms() + END_MS);
	end_writer(k);
	unlinkat(k->pod.run, "services.json", 0);
	unlinkat(k->pod.run, "services.state", 0);
	unlinkat(k->pod.run, "helpers.pid", 0);
}

/* What has changed is written down before anybody hears of it. */
static void keep(struct keeper *k)
{
	struct err none = {0};

	while (!k->ending) {
		take_time(k);
		services_save(&k->services, &k->pod);
		if (k->told >= 0 && all_up(k))
			tell(k, &none);
		if (!k->ending)
			wait_once(k);
	}
}

void keeper_run(struct keeper *k)
{
	int r = slot_fill(k->lock, getpid(), &k->failed);

	services_adopt(&k->services, &k->pod);
	if (r == 0)
		r = make_pipes(k, &k->failed);
	if (r == 0)
		r = start_writer(k, &k->failed);
	if (r == 0)
		keep(k);
	end(k);
	tell(k, &k->failed); /* unless all were ready once: then it is said already */
}
