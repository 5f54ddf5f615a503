/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of a pod's budgets.  It reads numbers of the kernel's and of our own daemons, and
 * nothing that the pod has written.  It looks when the next of them can be used up: for time that
 * is a moment which is known.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/loop.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-budget/cmds.h"
#include "tools/pod-budget/count.h"

#define SAVE_MS    5000 /* what a loss of power may cost */
#define TRAFFIC_MS 500  /* between two looks at what cannot be foreseen */
#define CPU_MS     50
#define LEAST_MS   10

struct meter {
	struct pod pod;
	struct plan plan;
	struct count count;
	struct grants grants;
	struct budgets budgets;
	int changes, signals;
	int64_t saved_ms;
	bool live, stopping;
};

/* --- saying so --- */

static void record(struct meter *m, enum budget k, const char *name)
{
	static const char *const actions[] = {"stop", "freeze", "alert"};
	const struct budget_kind *kind = &budget_kinds[k];
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, m->pod.name, "budget", name);
	event_str(&ev, "budget", kind->word);
	event_num(&ev, "used", (int64_t)(m->budgets.used[k] / kind->unit));
	event_num(&ev, "limit", (int64_t)(m->budgets.limit[k] / kind->unit));
	event_str(&ev, "action", actions[m->budgets.action]);
	if (record_event(&ev, true, &e) < 0)
		say_err(&e);
}

/* Once for each time it happens: a budget that was given more may be told of again. */
static void tell(struct meter *m, enum budget k, bool is_so, uint64_t *said, const char *name)
{
	uint64_t bit = 1u << k;

	if (is_so && !(*said & bit))
		record(m, k, name);
	*said = is_so ? *said | bit : *said & ~bit;
}

static bool tell_all(struct meter *m)
{
	struct budgets *b = &m->budgets;
	struct ledger *l = &m->count.ledger;
	bool up = false;

	for (int k = 0; k < BUDGETS; k++) {
		bool is_up = budget_is_up(b, k),
		     is_near = b->limit[k] && b->used[k] >= b->warn_at[k];

		tell(m, k, is_near, &l->warned, "budget_warning");
		tell(m, k, is_up, &l->told, "budget_exceeded");
		up |= is_up;
	}
	return up;
}

/* --- doing so --- */

static int run(const char *tool, const char *word, const char *option, const char *value,
	       const char *pod)
{
	char *argv[] = {(char *)tool,  (char *)word, (char *)option,
			(char *)value, (char *)pod,  NULL};
	struct err e = {0};
	int r;

	if (!option) {
		argv[2] = (char *)pod;
		argv[3] = NULL;
	}
	r = spawn_wait(argv, NULL, &e);
	if (r < 0)
		say_err(&e);
	return r;
}

/* Politely, then not; a group that still has somebody in it is killed again at the next look. */
static void stop(struct meter *m)
{
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%" PRIu64, m->budgets.grace_s);
	run("pod-supervise", "stop", "-t", seconds, m->pod.name);
	if (cgtree_populated(&m->count.groups))
		run("pod-limit", "kill", NULL, NULL, m->pod.name);
}

static bool is_frozen(const struct meter *m)
{
	return cgroup_stat(m->count.groups.pod2, "app/cgroup.events", "frozen", 0) == 1;
}

static void act(struct meter *m)
{
	if (m->budgets.action == BUDGET_STOP)
		stop(m);
	if (m->budgets.action != BUDGET_FREEZE || is_frozen(m))
		return;
	if (run("pod-limit", "freeze", "--no-undo", m->pod.name, NULL) == 0)
		m->count.ledger.froze = 1;
}

/* It was given more: what we stopped goes on, unless somebody else holds it. */
static void release(struct meter *m)
{
	m->count.ledger.froze = 0;
	run("pod-limit", "thaw", "--no-undo", m->pod.name, NULL);
}

/* --- looking --- */

static void save(struct meter *m)
{
	struct err e = {0};

	if (ledger_write(&m->count.ledger, &m->pod, true, &e) < 0)
		say_err(&e);
	m->saved_ms = clock_ms();
}

/* True: there is something to count for. */
static bool load(struct meter *m)
{
	struct err e = {0};
	struct plan plan = {0};

	if (plan_open(&plan, &m->pod, &e) == 0) {
		plan_finish(&m->plan);
		m->plan = plan;
	} else {
		say_err(&e); /* the old one holds */
	}
	if (grants_read(&m->grants, &m->pod, &e) < 0)
		say_err(&e);
	budgets_make(&m->budgets, &m->plan, &m->count.ledger, &m->grants);
	return budgets_any(&m->budgets);
}

static void look(struct meter *m)
{
	bool was_live = m->live, up;
	uint64_t told = m->count.ledger.told;

	m->live = count_now(&m->count);
	budgets_make(&m->budgets, &m->plan, &m->count.ledger, &m->grants);
	up = tell_all(m);
	if (m->live != was_live || told != m->count.ledger.told ||
	    clock_ms() - m->saved_ms >= SAVE_MS)
		save(m);
	if (up && m->live)
		act(m);
	else if (!up && m->count.ledger.froze)
		release(m);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until it may have grown by so much. */
static uint64_t time_for(enum budget k, uint64_t amount)
{
	static long processors;

	if (k == BUDGET_DURATION)
		return amount + 1;
	if (k != BUDGET_CPU)
		return TRAFFIC_MS;
	if (!processors)
		processors = sysconf(_SC_NPROCESSORS_ONLN);
	amount = amount / 1000 / (uint64_t)(processors > 0 ? processors : 1);
	return amount > CPU_MS ? amount : CPU_MS; /* an idle pod may stay that close for ever */
}

static int patience(const struct meter *m)
{
	const struct budgets *b = &m->budgets;
	uint64_t wait = SAVE_MS;

	if (!m->live)
		return -1; /* a new init is heard of */
	for (int k = 0; k < BUDGETS; k++) {
		if (!b->limit[k] || budget_is_up(b, k))
			continue;
		wait = least(wait, time_for(k, b->limit[k] - b->used[k]));
		if (b->used[k] < b->warn_at[k])
			wait = least(wait, time_for(k, b->warn_at[k] - b->used[k]));
	}
	return (int)(wait < LEAST_MS ? LEAST_MS : wait);
}

/* --- being woken --- */

/* Our own ledger is replaced all the time, and tells us nothing. */
static bool is_news(const struct inotify_event *ev)
{
	static const char *const names[] = {"init.pid", "budget", "pod.json", "plan", NULL};

	for (const char *const *name = names; *name && ev->len; name++)
		if (strcmp(ev->name, *name) == 0)
			return true;
	return ev->mask & IN_Q_OVERFLOW;
}

static bool take_changes(const struct meter *m)
{
	char data[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool news = false;
	ssize_t n;

	while ((n = read(m->changes, data, sizeof(data))) > 0)
		for (char *p = data; p < data + n;) {
			const struct inotify_event *ev = (const void *)p;

			news |= is_news(ev);
			p += sizeof(*ev) + ev->len;
		}
	return news;
}

static bool wait_for_news(struct meter *m)
{
	struct pollfd fds[] = {{.fd = m->signals, .events = POLLIN},
			       {.fd = m->changes, .events = POLLIN},
			       {.fd = m->count.init, .events = POLLIN}};

	if (poll(fds, 3, patience(m)) < 0 && errno != EINTR)
		return false;
	m->stopping = fds[0].revents;
	return fds[1].revents && take_changes(m);
}

static int open_changes(struct meter *m, struct err *e)
{
	m->changes = netid_inotify(&m->pod, NETID_MONITOR, e);
	if (m->changes < 0)
		return m->changes;
	if (inotify_add_watch(m->changes, m->pod.path, IN_MOVED_TO | IN_ONLYDIR) < 0 ||
	    inotify_add_watch(m->changes, m->pod.runpath,
			      IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) < 0)
		return err_set(e, errno, "watch %s", m->pod.path);
	return 0;
}

static int check_groups(const struct meter *m, struct err *e)
{
	if (!m->budgets.limit[BUDGET_CPU] || m->count.groups.root2 >= 0)
		return 0;
	return err_status(
		e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
		"count the processor time of pod %s (budget.max_cpu): this host has no cgroup2",
		m->pod.name);
}

static int meter_open(struct meter *m, const char *pod, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&m->pod, pod, e);
	if (r == 0)
		r = count_open(&m->count, &m->pod, e);
	if (r == 0)
		r = open_changes(m, e);
	if (r == 0)
		r = m->signals = loop_signals(e);
	return r < 0 ? r : 0;
}

static void meter_run(struct meter *m)
{
	bool wanted = true;

	look(m);
	while (wanted && !m->stopping) {
		if (wait_for_news(m))
			wanted = load(m);
		look(m);
	}
	save(m);
}

static void meter_finish(struct meter *m)
{
	count_finish(&m->count);
	plan_finish(&m->plan);
	own_close(&m->changes);
	own_close(&m->signals);
	pod_finish(&m->pod);
}

int cmd_meter(int argc, char **argv)
{
	OWN(meter_finish)
	struct meter m = {.pod = POD_INIT, .count = COUNT_INIT, .changes = -1, .signals = -1};
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there once it counts"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "taken, and left alone: it writes the log itself"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-budget meter [OPTION]... POD",
		"Count what a pod uses up, and end it in time, until SIGTERM.", 1, 1, 0};
	int fd;

	opt_parse(opts, &usage, argc, argv);
	fd = opt_fd(ready, -1);
	opt_fd(events, -1);
	if (meter_open(&m, argv[0], &e) < 0)
		return say_err(&e);
	if (!load(&m))
		return POD_EXIT_OK; /* nothing to count for */
	if (check_groups(&m, &e) < 0)
		return say_err(&e);
	m.live = count_now(&m.count);
	if (fd >= 0 && write_full(fd, "\n", 1) == 0)
		close(fd);
	meter_run(&m);
	return POD_EXIT_OK;
}
