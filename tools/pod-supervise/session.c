/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-supervise session.  Root, on the host: it starts pod-exec.  So it reads nothing that the pod
 * has written: it looks whether paths are there, waits for processes, and leaves what they say to
 * the scribe.
 */
#include "tools/pod-supervise/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/set.h"

#define LOOK_MS   50               /* between two looks at paths that somebody is to make */
#define AGAIN_MS  1000             /* where nobody can tell whether the pod lives */
#define FROZEN_MS 500              /* between two looks whether the pod goes on */
#define NEWS_MS   MEMBER_DELAY_MIN /* an end that is not the pod's own is on record by then */
#define END_MS    1500 /* for all to end when told to; the keeper waits for us a little longer */

/* --- who may begin --- */

static struct member *find(struct session *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->v[i].need->name, name) == 0)
			return &s->v[i];
	return NULL;
}

static bool is_mate(const struct member *a, const struct member *b)
{
	return a != b && *a->need->with && strcmp(a->need->with, b->need->with) == 0;
}

static bool may_begin(struct session *s, const struct member *m)
{
	for (size_t i = 0; i < m->need->after.n; i++)
		if (find(s, m->need->after.v[i])->state != MEMBER_UP)
			return false;
	for (int i = 0; i < s->n; i++)
		if (is_mate(m, &s->v[i]) && s->v[i].state == MEMBER_ENDING)
			return false;
	return true;
}

static bool is_frozen(const struct session *s, const char *group)
{
	OWN_FREE char *file = xfmt("%s/cgroup.events", group);

	return s->groups.pod2 >= 0 && cgroup_stat(s->groups.pod2, file, "frozen", 0) == 1;
}

/* Nothing that is frozen can become ready, nor can it be begun: it waits, without a pause to grow.
 */
static bool is_held(const struct session *s, const struct member *m)
{
	return (m->state == MEMBER_WAITING || m->state == MEMBER_STARTING) &&
	       is_frozen(s, m->need->group);
}

/* --- what happens to one --- */

static void begin(struct session *s, struct member *m)
{
	struct err e = {0};

	m->before = (struct place){0};
	if (*m->need->ready)
		place_look(&m->before, s->init_pid, s->init, m->need->ready);
	if (member_start(m, s->pod.name, &e) < 0) {
		say_err(&e);
		m->next = clock_ms() + MEMBER_DELAY_MAX;
	}
}

static void become_up(struct session *s, struct member *m)
{
	member_enter(m, MEMBER_UP);
	told_up(s, m);
}

static void look(struct session *s, struct member *m)
{
	struct place now;

	if (m->begun >= 0)
		return;
	if (*m->need->ready) {
		place_look(&now, s->init_pid, s->init, m->need->ready);
		if (!place_appeared(&now, &m->before))
			return;
	}
	become_up(s, m);
}

static void take_begun(struct member *m)
{
	char byte;

	if (read(m->begun, &byte, 1) != 1)
		return; /* it ended: SIGCHLD says so, too */
	own_close(&m->begun);
	m->begun = -1;
}

/* All of a set begin and end together. */
static void take_death(struct session *s, struct member *m, int status)
{
	member_gone(m, status);
	for (int i = 0; i < s->n; i++)
		if (is_mate(m, &s->v[i]))
			member_end(&s->v[i], "set");
}

static void take_member_time(struct session *s, struct member *m, int64_t now)
{
	if (m->untold && now >= m->since + NEWS_MS) {
		told_down(s, m);
		m->untold = false;
	}
	if (is_held(s, m)) {
		m->due = now + MEMBER_PATIENCE_MS;
		return;
	}
	if (m->state == MEMBER_WAITING && now >= m->next && !m->untold && may_begin(s, m))
		begin(s, m);
	else if (m->state == MEMBER_STARTING && now >= m->due)
		member_end(m, "late");
	else if (m->state == MEMBER_ENDING && now >= m->due)
		kill(m->pid, SIGKILL);
	if (m->state == MEMBER_STARTING)
		look(s, m);
}

static void take_time(struct session *s)
{
	int64_t now = clock_ms();

	for (int i = 0; i < s->n; i++)
		take_member_time(s, &s->v[i], now);
	life_scribe(s);
}

/* --- waiting --- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ms until something is to be done for it by the clock. */
static int64_t patience_for(struct session *s, const struct member *m, int64_t now)
{
	int64_t wait = m->untold ? m->since + NEWS_MS - now : INT64_MAX;

	if (is_held(s, m))
		return least(wait, FROZEN_MS);
	if (m->state == MEMBER_WAITING && may_begin(s, m))
		return least(wait, m->untold ? wait : m->next - now);
	if (m->state == MEMBER_STARTING && m->begun < 0)
		return LOOK_MS;
	if (m->state == MEMBER_STARTING || m->state == MEMBER_ENDING)
		return least(wait, m->due - now);
	return wait;
}

static int patience(struct session *s)
{
	int64_t now = clock_ms(), wait = INT64_MAX;

	for (int i = 0; i < s->n; i++)
		wait = least(wait, patience_for(s, &s->v[i], now));
	if (s->n && s->scribe <= 0)
		wait = least(wait, s->scribe_due - now);
	if (wait == INT64_MAX)
		return -1;
	return wait < 0 ? 0 : (int)least(wait, 60000);
}

static void reap(struct session *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->scribe)
			s->scribe = 0;
		for (int i = 0; i < s->n; i++)
			if (s->v[i].pid == pid)
				take_death(s, &s->v[i], status);
	}
}

static void take_signals(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(s);
		else
			s->ending = true;
	}
}

static void drain(int fd)
{
	char ignored[4096];

	while (read(fd, ignored, sizeof(ignored)) > 0)
		;
}

static bool wait_once(struct session *s, int timeout)
{
	struct pollfd fds[3 + NEED_SERVICES_MAX] = {{.fd = s->signals, .events = POLLIN},
						    {.fd = s->changes, .events = POLLIN},
						    {.fd = s->init, .events = POLLIN}};

	for (int i = 0; i < s->n; i++)
		fds[3 + i] = (struct pollfd){.fd = s->v[i].begun, .events = POLLIN};
	if (poll(fds, 3 + (nfds_t)s->n, timeout) <= 0)
		return true;
	for (int i = 0; i < s->n; i++)
		if (fds[3 + i].revents && s->v[i].begun >= 0)
			take_begun(&s->v[i]);
	if (fds[1].revents)
		drain(s->changes);
	if (fds[0].revents)
		take_signals(s);
	return !fds[2].revents;
}

/* --- all of it --- */

static bool any_lives(const struct session *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->v[i].pid > 0)
			return true;
	return false;
}

/* Politely first; life_end() then asks nobody. */
static void end_all(struct session *s)
{
	int64_t end = clock_ms() + END_MS;

	for (int i = 0; i < s->n; i++)
		member_end(&s->v[i], NULL);
	while (any_lives(s) && clock_ms() < end)
		if (!wait_once(s, (int)(end - clock_ms())))
			return;
}

static void live(struct session *s)
{
	bool lives = true;

	while (lives && !s->ending) {
		take_time(s);
		told_save(s);
		lives = wait_once(s, patience(s));
	}
	if (lives)
		end_all(s);
}

/* Without services that can be kept this life of the pod is waited for to end. */
static void sit_out(struct session *s)
{
	s->init_pid = 0;
	told_save(s);
	while (!s->ending && wait_once(s, -1))
		;
}

void session_run(struct session *s)
{
	while (!s->ending) {
		struct err e = {0};
		int r = life_begin(s, &e);

		if (r > 0)
			live(s);
		else if (r < 0)
			say_err(&e);
		if (r < 0 && s->init >= 0)
			sit_out(s);
		life_end(s);
		told_save(s);
		if (r <= 0 && !s->ending)
			wait_once(s, r < 0 ? AGAIN_MS : -1);
	}
}

void session_finish(struct session *s)
{
	life_end(s);
	buf_finish(&s->told);
	own_close(&s->changes);
	own_close(&s->signals);
	own_close(&s->logdir);
	pod_finish(&s->set);
	pod_finish(&s->pod);
}

static int take_over_signals(struct session *s, struct err *e)
{
	sigset_t taken;

	sigemptyset(&taken);
	for (const int *sig = (const int[]){SIGTERM, SIGINT, SIGCHLD, SIGPIPE, 0}; *sig; sig++)
		sigaddset(&taken, *sig);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	sigdelset(&taken, SIGPIPE);
	s->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_set(e, errno, "wait for signals") : 0;
}

static int open_log(struct session *s, struct err *e)
{
	if (mkdirat(s->pod.dir, "log", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/log", s->pod.path);
	s->logdir = openat(s->pod.dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return s->logdir < 0 ? err_set(e, errno, "open %s/log", s->pod.path) : 0;
}

/* init.pid is replaced with each life of the pod. */
static int watch(struct session *s, struct err *e)
{
	s->changes = netid_inotify(&s->pod, NETID_MONITOR, e);
	if (s->changes < 0)
		return s->changes;
	return inotify_add_watch(s->changes, s->pod.runpath,
				 IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) < 0
		       ? err_set(e, errno, "watch %s", s->pod.runpath)
		       : 0;
}

int session_open(struct session *s, const char *pod, struct err *e)
{
	int r = pod_open(&s->pod, pod, e);

	if (r == 0)
		r = pod_open(&s->set, pod, e);
	if (r == 0)
		r = set_enter(&s->set, SET_DESKTOP, true, e);
	if (r == 0)
		r = open_log(s, e);
	if (r == 0)
		r = take_over_signals(s, e);
	return r == 0 ? watch(s, e) : r;
}

/* 1: the pod has a desktop. */
static int is_wanted(const struct session *s, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	int r = plan_open(&pl, &s->pod, e);

	return r < 0 ? r : plan_is(&pl, "desktop", "yes");
}

int cmd_session(int argc, char **argv)
{
	OWN(session_finish) struct session s = SESSION_INIT;
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there once it waits"},
		{OPT_U64, 0, "event-fd", &events, "N", "write events there, not into the log"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-supervise session [OPTION]... POD",
		"Keep the services of a pod's desktop while it runs, until SIGTERM.", 1, 1, 0};
	int fd, r;

	opt_parse(opts, &usage, argc, argv);
	fd = opt_fd(ready, -1);
	s.events = opt_fd(events, -1);
	r = session_open(&s, argv[0], &e);
	if (r == 0)
		r = is_wanted(&s, &e);
	if (r <= 0)
		return r < 0 ? say_err(&e) : POD_EXIT_OK;
	told_save(&s);
	if (fd >= 0 && write_full(fd, "\n", 1) == 0)
		close(fd);
	session_run(&s);
	return POD_EXIT_OK;
}
