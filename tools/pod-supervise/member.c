/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/member.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"

const char *member_state(const struct member *m)
{
	static const char *const words[] = {"waiting", "starting", "up", "ending"};

	return words[m->state];
}

void member_enter(struct member *m, enum member_state state)
{
	m->state = state;
	m->since = clock_ms();
	unit_now(m->stamp);
}

static void add_words(struct strv *argv, const struct member *m, const char *pod, int begun)
{
	strv_add(argv, "pod-exec");
	strv_add(argv, "--beside");
	strv_add(argv, m->need->group);
	strv_add(argv, "--ready-fd");
	strv_fmt(argv, "%d", begun);
	if (m->listen >= 0) {
		strv_add(argv, "--listen-fd");
		strv_fmt(argv, "%d", m->listen);
	}
	strv_add(argv, pod);
	strv_add(argv, "--");
	for (size_t i = 0; i < m->need->argv.n; i++)
		strv_add(argv, m->need->argv.v[i]);
}

/* Whoever ends us, and kill -9 too, ends what we started. */
static void __attribute__((noreturn))
become(const struct member *m, const char *pod, int begun, pid_t session)
{
	OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	OWN_STRV struct strv argv = {0};
	struct err e = {0};
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != session)
		_exit(POD_EXIT_BEFORE_RUN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(m->said, 1);
	dup2(m->said, 2);
	add_words(&argv, m, pod, begun);
	if (fcntl(begun, F_SETFD, 0) == 0 && (m->listen < 0 || fcntl(m->listen, F_SETFD, 0) == 0))
		spawn_exec(argv.v, &e);
	say_error("%s", e.msg);
	_exit(POD_EXIT_BEFORE_RUN);
}

int member_start(struct member *m, const char *pod, struct err *e)
{
	pid_t session = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	m->pid = fork();
	if (m->pid == 0)
		become(m, pod, ends[1], session);
	close(ends[1]);
	if (m->pid < 0) {
		close(ends[0]);
		m->pid = 0;
		return err_set(e, errno, "start %s", m->need->name);
	}
	m->begun = ends[0];
	m->why = NULL;
	member_enter(m, MEMBER_STARTING);
	m->due = m->since + MEMBER_PATIENCE_MS;
	return 0;
}

void member_end(struct member *m, const char *why)
{
	if (m->pid <= 0 || m->state == MEMBER_ENDING)
		return;
	kill(m->pid, SIGTERM);
	m->why = why;
	member_enter(m, MEMBER_ENDING);
	m->due = m->since + MEMBER_END_MS;
}

void member_gone(struct member *m, int status)
{
	bool steady = m->state == MEMBER_UP && clock_ms() - m->since > MEMBER_STEADY_MS;

	own_close(&m->begun);
	m->begun = -1;
	m->pid = 0;
	m->status = status;
	m->untold = true;
	m->restarts++;
	m->delay_ms = steady || !m->delay_ms ? MEMBER_DELAY_MIN : m->delay_ms * 2;
	if (m->delay_ms > MEMBER_DELAY_MAX)
		m->delay_ms = MEMBER_DELAY_MAX;
	member_enter(m, MEMBER_WAITING);
	m->next = m->since + m->delay_ms;
}
