/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to one life of a pod's init: its services, their sockets, and the process that
 * writes down what they say.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-supervise/doors.h"
#include "tools/pod-supervise/scribe.h"
#include "tools/pod-supervise/session.h"

#define SCRIBE_MS 1000 /* between two scribes: a full disk is not mended by hurry */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int close_all_but(int *keep, size_t n)
{
	unsigned from = 3;

	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] > (int)from &&
		    syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0) < 0)
			return -errno;
		from = keep[i] < (int)from ? from : (unsigned)keep[i] + 1;
	}
	return syscall(SYS_close_range, from, ~0U, 0) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) become_scribe(const struct session *s)
{
	struct scribe scribe = {.logdir = s->logdir, .n = s->n};
	int keep[NEED_SERVICES_MAX + 1] = {s->logdir};
	struct err e = {0};

	for (int i = 0; i < s->n; i++) {
		scribe.name[i] = s->v[i].need->name;
		scribe.from[i] = keep[i + 1] = s->said[i];
	}
	prctl(PR_SET_NAME, "pod-scribe");
	if (close_all_but(keep, (size_t)s->n + 1) < 0 || scribe_run(&scribe, &e) < 0)
		say_error("%s", e.msg);
	_exit(e.code ? POD_EXIT_FAILED : POD_EXIT_OK);
}

void life_scribe(struct session *s)
{
	if (s->scribe > 0 || s->n == 0 || clock_ms() < s->scribe_due)
		return;
	s->scribe_due = clock_ms() + SCRIBE_MS;
	s->scribe = fork();
	if (s->scribe == 0)
		become_scribe(s);
	if (s->scribe < 0)
		say_error("start the writer of desktop.log: %s", strerror(errno));
}

static int add_member(struct session *s, const struct need_service *need, struct err *e)
{
	struct member *m = &s->v[s->n];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	*m = (struct member){.need = need, .begun = -1, .listen = -1, .said = ends[1]};
	s->said[s->n++] = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	member_enter(m, MEMBER_WAITING);
	if (!*need->listen)
		return 0;
	m->listen = door_make(&s->set, s->doors, need->listen, e);
	return m->listen < 0 ? m->listen : 0;
}

static int open_life(struct session *s, struct err *e)
{
	int r = needs_load(&s->needs, &s->pod, e);

	if (r == 0)
		r = needs_check_services(&s->needs, e);
	if (r == 0)
		r = cgtree_open(&s->groups, s->pod.name, e);
	if (r == 0)
		r = s->doors = doors_open(&s->set, e);
	for (size_t i = 0; r >= 0 && i < s->needs.n_services; i++)
		r = add_member(s, &s->needs.services[i], e);
	return r < 0 ? r : 0;
}

int life_begin(struct session *s, struct err *e)
{
	pid_t pid = pod_init_pid(&s->pod, &s->init, e);
	int r;

	if (pid <= 0)
		return pid;
	s->init_pid = pid;
	r = open_life(s, e);
	if (r < 0)
		return r;
	s->scribe_due = 0;
	life_scribe(s);
	return 1;
}

static void end_member(struct session *s, struct member *m)
{
	if (m->pid > 0) {
		kill(m->pid, SIGKILL); /* what it runs dies with it */
		waitpid(m->pid, NULL, 0);
	}
	if (m->listen >= 0)
		door_remove(s->doors, m->need->listen);
	own_close(&m->listen);
	own_close(&m->begun);
	own_close(&m->said);
}

/* The scribe ends with the last end of its pipes, when all is written down. */
void life_end(struct session *s)
{
	for (int i = 0; i < s->n; i++) {
		end_member(s, &s->v[i]);
		own_close(&s->said[i]);
	}
	s->n = 0;
	s->scribe = 0;
	s->init_pid = 0;
	own_close(&s->init);
	own_close(&s->doors);
	s->init = s->doors = -1;
	cgtree_finish(&s->groups);
	s->groups = (struct cgtree)CGTREE_INIT;
	needs_finish(&s->needs);
}
