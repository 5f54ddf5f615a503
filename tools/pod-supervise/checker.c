/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check waits, asks, and is judged; so many failures in a row make it fail, one success makes
 * it pass.  Only what changes is put on record, and a restart that helps nothing is tried less and
 * less often.
 */
#include "tools/pod-supervise/checker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/clock.h"
#include "libcommon/health.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-supervise/check.h"
#include "tools/pod-supervise/probe.h"

#define PAUSE_MIN 10000   /* ms between two restarts; twice as long each time, */
#define PAUSE_MAX 600000  /* up to this */
#define ROW_MS    1800000 /* after so long, a restart is the first one again */

struct watched {
	struct check *check;
	struct probe probe;
	struct health_check *told;
	int64_t due, until; /* ms: of the next probe; of our patience with this one */
};

struct checker {
	const struct pod *pod;
	const struct restarts *restarts;
	bool host; /* the pod has the host's network */
	pid_t supervisor;
	struct checks checks;
	struct watched v[CHECKS_MAX];
	struct health health;
	sigset_t children;
};

void restarts_add(struct restarts *r, int64_t now)
{
	r->row = r->row && now - r->last < ROW_MS ? r->row + 1 : 1;
	r->last = now;
	r->n++;
}

int64_t restarts_next(const struct restarts *r)
{
	int64_t pause = PAUSE_MIN;

	if (!r->row)
		return 0;
	for (unsigned i = 1; i < r->row && pause < PAUSE_MAX; i++)
		pause *= 2;
	return r->last + (pause < PAUSE_MAX ? pause : PAUSE_MAX);
}

/* --- what is told --- */

static void record(const struct checker *k, const struct watched *w, const char *name)
{
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, k->pod->name, "supervise", name);
	event_str(&ev, "check", w->check->name);
	if (strcmp(name, "health_failed") == 0) {
		event_str(&ev, "reason", w->told->reason);
		event_num(&ev, "failures", w->told->failures);
		event_str(&ev, "action", check_action(w->check));
	}
	if (strcmp(name, "health_restart") == 0)
		event_num(&ev, "restarts", k->restarts->n + 1);
	if (record_event(&ev, true, &e) < 0)
		say_error("health: %s", e.msg);
}

static enum health_state worst(const struct health *h)
{
	enum health_state s = HEALTH_PASSING;

	for (int i = 0; i < h->n; i++)
		if (h->v[i].state == HEALTH_FAILING)
			return HEALTH_FAILING;
		else if (h->v[i].state == HEALTH_STARTING)
			s = HEALTH_STARTING;
	return s;
}

static void tell(struct checker *k)
{
	enum health_state now = worst(&k->health);
	int r;

	if (now != k->health.state || !*k->health.since)
		unit_now(k->health.since);
	k->health.state = now;
	r = health_write(&k->health, k->pod);
	if (r < 0)
		say_error("health: write %s/health: %s", k->pod->runpath, strerror(-r));
}

/* --- what is done --- */

static void freeze(const struct checker *k)
{
	char *argv[] = {"pod-limit", "freeze", (char *)k->pod->name, NULL};
	struct err e = {0};

	if (spawn_wait(argv, NULL, &e) < 0)
		say_error("health: %s", e.msg);
}

/* Too early after the last one, it is tried with the next failure. */
static void restart(const struct checker *k, const struct watched *w)
{
	if (clock_ms() < restarts_next(k->restarts))
		return;
	record(k, w, "health_restart");
	kill(k->supervisor, SIGUSR1);
	for (;;)
		pause(); /* it ends us */
}

static bool is_frozen(const struct checker *k)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};

	return cgtree_open(&t, k->pod->name, &ignored) == 0 &&
	       cgroup_stat(t.pod2, "app/cgroup.events", "frozen", 0) == 1;
}

static void pass(struct checker *k, struct watched *w)
{
	bool news = w->told->state != HEALTH_PASSING;

	w->told->failures = 0;
	w->told->reason[0] = '\0';
	w->told->state = HEALTH_PASSING;
	if (!news)
		return;
	unit_now(w->told->since);
	record(k, w, "health_ok");
}

static void fail(struct checker *k, struct watched *w, const struct verdict *v)
{
	bool news = w->told->state != HEALTH_FAILING;

	verdict_text(v, w->check, w->told->reason, sizeof(w->told->reason));
	w->told->failures++;
	if (news && w->told->failures < w->check->retries)
		return;
	if (news) {
		w->told->state = HEALTH_FAILING;
		unit_now(w->told->since);
		record(k, w, "health_failed");
	}
	tell(k);
	if (w->check->action == ACTION_RESTART)
		restart(k, w);
	if (news && w->check->action == ACTION_FREEZE)
		freeze(k);
}

/* A frozen pod can do nothing for its health. */
static void judge(struct checker *k, struct watched *w, struct verdict v)
{
	if (v.kind == VERDICT_UNASKED || (v.kind != VERDICT_PASSED && is_frozen(k)))
		return;
	if (v.kind == VERDICT_PASSED)
		pass(k, w);
	else
		fail(k, w, &v);
	tell(k);
}

/* --- time --- */

static void begin(struct checker *k, struct watched *w, int64_t now)
{
	struct err e = {0};

	w->due = now + (int64_t)w->check->interval * 1000;
	if (is_frozen(k))
		return;
	if (probe_start(&w->probe, k->pod, w->check, k->host, &e) < 0)
		say_error("health: %s", e.msg);
	w->until = now + (int64_t)w->check->timeout * 1000;
}

/* Starts what is due, ends what is late; when to come again. */
static int64_t take_time(struct checker *k)
{
	int64_t next = INT64_MAX, now = clock_ms();

	for (int i = 0; i < k->checks.n; i++) {
		struct watched *w = &k->v[i];

		if (!w->probe.pid && w->due <= now)
			begin(k, w, now);
		if (w->probe.pid && !w->probe.late && w->until <= now)
			probe_end(&w->probe);
		if (!w->probe.pid && w->due < next)
			next = w->due;
		if (w->probe.pid && !w->probe.late && w->until < next)
			next = w->until;
	}
	return next;
}

static void reap(struct checker *k)
{
	int status;

	for (int i = 0; i < k->checks.n; i++) {
		struct watched *w = &k->v[i];

		if (w->probe.pid && waitpid(w->probe.pid, &status, WNOHANG) == w->probe.pid)
			judge(k, w, probe_judge(&w->probe, w->check, status));
	}
}

static void wait_until(const struct checker *k, int64_t next)
{
	int64_t left = next == INT64_MAX ? ROW_MS : next - clock_ms();
	struct timespec t = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

	if (left > 0)
		sigtimedwait(&k->children, NULL, &t);
}

static void prepare(struct checker *k)
{
	int64_t now = clock_ms();

	k->health.restarts = k->restarts->n;
	k->health.n = k->checks.n;
	for (int i = 0; i < k->checks.n; i++) {
		struct check *c = &k->checks.v[i];

		k->v[i] = (struct watched){.check = c,
					   .probe = PROBE_INIT,
					   .told = &k->health.v[i],
					   .due = now + (int64_t)c->grace * 1000};
		snprintf(k->health.v[i].name, sizeof(k->health.v[i].name), "%.79s", c->name);
		unit_now(k->health.v[i].since);
	}
	sigemptyset(&k->children);
	sigaddset(&k->children, SIGCHLD);
	sigprocmask(SIG_SETMASK, &k->children, NULL);
}

void checker_run(const struct pod *p, const struct plan *pl, const struct restarts *r)
{
	static struct checker k;
	struct err e = {0};

	k.pod = p;
	k.restarts = r;
	k.host = plan_is(pl, "network", "unsafe");
	k.supervisor = getppid();
	if (checks_read(&k.checks, pl, &e) < 0) {
		say_error("%s", e.msg);
		_exit(POD_EXIT_CONFIG);
	}
	prctl(PR_SET_NAME, "pod-health");
	prepare(&k);
	tell(&k);
	for (;;) {
		wait_until(&k, take_time(&k));
		reap(&k);
	}
}
