/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever changes what the sampler looks at (the rules, the pod's groups, the log's segments) ends
 * the sampler, and the next one gets the new; what it knows lies in the state.
 */
#include "tools/pod-monitor/arm.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/follow.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/deed.h"
#include "tools/pod-monitor/disk.h"

#define DEATHS_MAX 10
#define AGAIN_MS   50
#define WALK_MS    60000
#define TELL_MS    60000

/* --- what it looks at --- */

/* A number for the pod's groups: another one when they were made anew; 0: there are none. */
static uint64_t group_number(const struct cgtree *t)
{
	struct stat st;

	if (t->pod2 >= 0 && fstat(t->pod2, &st) == 0)
		return st.st_ino;
	for (int c = 0; c < CTL_COUNT; c++)
		if (t->pod1[c] >= 0 && fstat(t->pod1[c], &st) == 0)
			return st.st_ino;
	return 0;
}

static int open_source(struct arm *a, struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	int r = cgtree_open(&t, a->pod.name, e);

	if (r < 0)
		return r;
	a->source.group = group_number(&t);
	usage_open(&a->source.usage, &t);
	if (!plan_is(&a->plan, "network", "unsafe") &&
	    counters_open_all(&a->source.counters, &a->pod, e) < 0)
		return -e->code;
	return tail_open(&a->source.tail, a->audit, a->state->segment, a->state->offset, e);
}

static void close_source(struct arm *a)
{
	usage_finish(&a->source.usage);
	tail_finish(&a->source.tail);
	counters_close_all(&a->source.counters);
}

static bool groups_changed(const struct arm *a)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};

	return cgtree_open(&t, a->pod.name, &ignored) == 0 && group_number(&t) != a->source.group;
}

/* --- what fires --- */

static void not_done(struct arm *a, size_t rule, size_t again)
{
	if (!a->retry_ms[rule])
		deed_tell(&a->pod, "monitor_policy", a->policy.rules[rule].name,
			  "a response failed: it is tried again while the rule holds");
	a->retry_ms[rule] = clock_ms() + (int64_t)a->policy.interval_s * 1000;
	a->again[rule] = again;
}

static void begin_deed(struct arm *a, size_t rule, size_t again)
{
	const struct sample *last = state_last(a->state);
	struct sample sample;
	struct deed d = {
		.pod = &a->pod, .plan = &a->plan, .rule = &a->policy.rules[rule], .again = again};
	struct err e = {0};

	if (last) {
		sample = *last;
		d.sample = &sample;
	}
	a->deeds[rule] = deed_start(&d, &e);
	if (a->deeds[rule] < 0) {
		a->deeds[rule] = 0;
		say_error("%s", e.msg);
		not_done(a, rule, again);
	}
}

static void fire(struct arm *a, size_t rule)
{
	if (a->deeds[rule] > 0) {
		deed_tell(&a->pod, "monitor_alert", a->policy.rules[rule].name,
			  "it fired while its responses of before are still being done");
		return;
	}
	a->retry_ms[rule] = 0;
	begin_deed(a, rule, 0);
}

static void end_deed(struct arm *a, size_t rule, int status)
{
	a->deeds[rule] = 0;
	if (status == 0)
		a->retry_ms[rule] = 0;
	else /* killed: who knows how far it came */
		not_done(a, rule, WIFEXITED(status) ? (size_t)WEXITSTATUS(status) : 1);
}

static void try_again(struct arm *a)
{
	for (size_t i = 0; i < a->policy.n; i++) {
		if (!a->retry_ms[i] || a->deeds[i] > 0 || clock_ms() < a->retry_ms[i])
			continue;
		if (a->state->rules[i].firing)
			begin_deed(a, i, a->again[i]);
		else
			a->retry_ms[i] = 0;
	}
}

/* --- the sampler --- */

/* What it said before its end and nobody has read: the state has it as fired already. */
static void hear_last_words(struct arm *a)
{
	struct told told;

	while (read(a->told.fd, &told, sizeof(told)) == sizeof(told))
		if (told.verdict == VERDICT_FIRES && told.rule < a->policy.n)
			fire(a, told.rule);
}

static void end_sampler(struct arm *a)
{
	if (a->sampler > 0) {
		kill(a->sampler, SIGKILL);
		waitpid(a->sampler, NULL, 0);
	}
	a->sampler = 0;
	a->state->running = 0; /* it was not the rule's fault */
	own_close(&a->control);
	a->control = -1;
	if (a->told.fd >= 0) {
		hear_last_words(a);
		loop_remove(&a->loop, &a->told);
	}
	a->told.fd = -1;
	close_source(a);
}

static void become_sampler(struct arm *a, int out, int control)
{
	static struct sampler s; /* too large for a stack */

	s = (struct sampler){
		.engine = {.policy = &a->policy, .state = a->state, .pod = a->pod.name},
		.source = &a->source,
		.out = out,
		.control = control};
	own_close(&a->control);
	own_close(&a->told.fd);
	own_close(&a->loop.fd);
	own_close(&a->signals.fd);
	own_close(&a->log.fd);
	own_close(&a->live.fd);
	own_close(&a->audit);
	own_close(&a->ready_fd);
	own_close(&a->hold);
	own_close(&a->pod.dir);
	own_close(&a->pod.run);
	sampler_run(&s, a->uid);
}

static void on_told(void *arg, uint32_t events);

static uint64_t newest_ns(const struct arm *a)
{
	const struct sample *last = state_last(a->state);

	return last ? last->ns : 0;
}

static int start_sampler(struct arm *a, struct err *e)
{
	int told[2], control[2], r = open_source(a, e);

	if (r < 0)
		return r;
	a->began_ns = newest_ns(a);
	if (pipe2(told, O_CLOEXEC) < 0 || pipe2(control, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	a->control = control[1];
	a->told = (struct watch){.fd = told[0], .fn = on_told, .arg = a};
	a->sampler = fork();
	if (a->sampler == 0)
		become_sampler(a, told[1], control[0]);
	close(told[1]);
	close(control[0]);
	if (a->sampler < 0 || fcntl(told[0], F_SETFL, O_NONBLOCK) < 0 ||
	    loop_add(&a->loop, &a->told, EPOLLIN) < 0)
		return err_set(e, errno, "start a sampler");
	return 0;
}

static int restart_sampler(struct arm *a, struct err *e)
{
	end_sampler(a);
	return start_sampler(a, e);
}

/* --- what it says --- */

static void take_ready(struct arm *a, size_t rule)
{
	(void)rule;
	a->was_ready = true;
	if (a->ready_fd >= 0 && write_full(a->ready_fd, "\n", 1) == 0)
		own_close(&a->ready_fd);
	a->ready_fd = -1;
}

static void take_failure(struct arm *a, size_t rule)
{
	deed_tell(&a->pod, "monitor_policy", a->policy.rules[rule].name,
		  "its program ends with an error, which counts as no");
}

static void take_broken(struct arm *a, size_t rule)
{
	a->state->rules[rule].off = 1;
	deed_tell(&a->pod, "monitor_policy", a->policy.rules[rule].name,
		  "it is off: its program is none that this libjq compiles");
}

/* A pod may make as many as it likes: said once in a while. */
static void take_cut(struct arm *a, size_t rule)
{
	(void)rule;
	if (clock_ms() < a->cut_ms)
		return;
	a->cut_ms = clock_ms() + TELL_MS;
	deed_tell(&a->pod, "monitor_policy", NULL,
		  "events were too large: programs see their heads alone (cut)");
}

static void take_clear(struct arm *a, size_t rule)
{
	(void)a;
	(void)rule;
}

static void (*const takes[VERDICTS])(struct arm *a, size_t rule) = {
	[VERDICT_FIRES] = fire,         [VERDICT_CLEARS] = take_clear,
	[VERDICT_FAILS] = take_failure, [VERDICT_READY] = take_ready,
	[VERDICT_BROKEN] = take_broken, [VERDICT_OFF] = take_clear,
	[VERDICT_CUTS] = take_cut,      [VERDICT_WRONG] = take_clear,
};

/* The rule that it died of, counted from 1; 0 when somebody has killed it. */
static uint32_t guilty(struct arm *a)
{
	uint32_t rule = a->state->running;

	if (a->sampler > 0 && waitpid(a->sampler, &a->ended, 0) == a->sampler)
		a->sampler = -1;
	if (WIFSIGNALED(a->ended) && WTERMSIG(a->ended) == SIGKILL)
		return 0;
	return rule <= a->policy.n ? rule : 0;
}

/* A pod's events may have made the program so dear: a rule does not go without its answer. */
static void switch_off(struct arm *a, size_t rule)
{
	struct rule_state *rs = &a->state->rules[rule];

	rs->off = 1;
	deed_tell(&a->pod, "monitor_policy", a->policy.rules[rule].name,
		  "it is off: its program took more than 50 ms or 64 MiB");
	if (rs->firing)
		return;
	rs->firing = 1;
	rs->fired_ns = newest_ns(a);
	rs->times++;
	fire(a, rule);
}

static void sampler_died(struct arm *a)
{
	uint32_t rule = guilty(a);

	end_sampler(a);
	if (rule) {
		switch_off(a, rule - 1);
		a->again_ms = clock_ms();
		return;
	}
	a->deaths++;
	a->again_ms = clock_ms() + AGAIN_MS * (int64_t)a->deaths;
	if (clock_ms() < a->tell_ms)
		return;
	a->tell_ms = clock_ms() + TELL_MS;
	deed_tell(&a->pod, "monitor_policy", NULL, "its sampler died");
}

static void on_told(void *arg, uint32_t events)
{
	struct arm *a = arg;
	struct told told;
	ssize_t n;

	(void)events;
	while ((n = read(a->told.fd, &told, sizeof(told))) == sizeof(told))
		if (told.verdict < VERDICTS && (told.rule < a->policy.n || !told.rule))
			takes[told.verdict](a, told.rule);
	if (n == 0)
		sampler_died(a);
}

/* --- changes --- */

static void on_live(void *arg, uint32_t events)
{
	struct arm *a = arg;

	(void)events;
	follow_drain(&a->live);
	a->stale = true;
}

static void on_log(void *arg, uint32_t events)
{
	struct arm *a = arg;
	struct err e = {0};

	(void)events;
	follow_drain(&a->log);
	if (a->sampler > 0 && tail_is_old(&a->source.tail, a->audit) && restart_sampler(a, &e) < 0)
		say_error("%s", e.msg);
}

/* Rules that are wrong change nothing but the log. */
static void reload(struct arm *a)
{
	struct policy fresh = {0};
	struct err e = {0};

	a->stale = false;
	if (policy_load(&fresh, &a->pod, &a->plan, &e) < 0) {
		policy_finish(&fresh);
		deed_tell(&a->pod, "monitor_policy", NULL, e.msg);
		return;
	}
	if (fresh.number == a->policy.number && fresh.interval_s == a->policy.interval_s) {
		policy_finish(&fresh);
		return;
	}
	end_sampler(a);
	policy_finish(&a->policy);
	a->policy = fresh;
	memset(a->deeds, 0, sizeof(a->deeds));
	memset(a->retry_ms, 0, sizeof(a->retry_ms));
	state_adopt(a->state, &a->policy);
	a->deaths = 0;
	a->again_ms = clock_ms();
	deed_tell(&a->pod, "monitor_policy", NULL, "loaded");
}

/* --- keeping --- */

static void reap(struct arm *a)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == a->walker)
			a->walker = 0;
		if (pid == a->sampler) {
			a->sampler = -1; /* the end of its pipe is what we go by */
			a->ended = status;
		}
		for (size_t i = 0; i < RULES_MAX; i++)
			if (a->deeds[i] == pid)
				end_deed(a, i, status);
	}
}

/* A pod with a quota: the kernel counts.  Others are walked through now and then. */
static void measure(struct arm *a)
{
	const struct sample *last = state_last(a->state);

	if (disk_quota(&a->pod, a->state))
		return;
	if (a->walker > 0 || clock_ms() < a->walk_ms || (a->walk_ms && !(last && last->running)))
		return;
	a->walker = disk_measure(&a->pod, a->state);
	a->walk_ms = clock_ms() + WALK_MS;
}

/* To be ready is no proof: what it reads in its first look may be what it dies of. */
static void take_life(struct arm *a)
{
	if (a->told.fd >= 0 && !a->state->looking && newest_ns(a) != a->began_ns)
		a->deaths = 0;
}

static int keep(struct arm *a, struct err *e)
{
	reap(a);
	take_life(a);
	a->stale |= named_changed(&a->named);
	if (a->stale)
		reload(a);
	try_again(a);
	if (a->told.fd >= 0 && groups_changed(a))
		end_sampler(a);
	if (a->deaths > DEATHS_MAX)
		return err_set(e, ERR_PLAIN, "the sampler of pod %s keeps dying", a->pod.name);
	if (a->told.fd < 0 && a->policy.n && clock_ms() >= a->again_ms && start_sampler(a, e) < 0)
		return -e->code;
	counters_take_link(a->net, &a->pod);
	measure(a);
	return 0;
}

static int patience(const struct arm *a)
{
	int64_t wait = (int64_t)a->policy.interval_s * 1000;

	if (a->told.fd < 0 && a->policy.n)
		wait = a->again_ms - clock_ms();
	if (named_pending(&a->named) && wait > NAMED_MS)
		wait = NAMED_MS;
	return wait < 0 ? 0 : (int)wait;
}

int arm_run(struct arm *a, struct err *e)
{
	int r = 0;

	if (!a->policy.n)
		take_ready(a, 0);
	while (r == 0 && !a->loop.stop && (a->policy.n || a->stale || a->named.path)) {
		r = keep(a, e);
		if (r == 0)
			r = loop_turn(&a->loop, patience(a), e);
	}
	return r;
}

/* --- beginning and end --- */

static int watch_changes(struct arm *a, struct err *e)
{
	OWN_FREE char *policy = xfmt("%s/policy", a->pod.path),
		      *audit = xfmt("%s/audit", a->pod.path);
	OWN_FD int made = policy_open(&a->pod, e);
	int r = made < 0 ? made : loop_until_signal(&a->loop, &a->signals, e);

	a->live = (struct watch){.fd = -1, .fn = on_live, .arg = a};
	a->log = (struct watch){.fd = -1, .fn = on_log, .arg = a};
	if (r == 0)
		r = follow_begin(&a->live, &a->loop, &a->pod, NETID_MONITOR, policy, FOLLOW_FILES,
				 e);
	if (r == 0)
		r = follow_begin(&a->log, &a->loop, &a->pod, NETID_MONITOR, audit,
				 IN_CREATE | IN_ONLYDIR, e);
	return r;
}

int arm_open(struct arm *a, const char *pod, struct err *e)
{
	int number;

	*a = (struct arm){.pod = POD_INIT,
			  .hold = -1,
			  .audit = -1,
			  .loop.fd = -1,
			  .signals.fd = -1,
			  .told.fd = -1,
			  .control = -1,
			  .ready_fd = -1,
			  .source = {.usage = USAGE_FILES_INIT}};
	if (pod_open(&a->pod, pod, e) < 0 || plan_open(&a->plan, &a->pod, e) < 0)
		return -e->code;
	named_init(&a->named, &a->plan);
	if (policy_load(&a->policy, &a->pod, &a->plan, e) < 0)
		return -e->code;
	number = netid_get(&a->pod, e);
	if (number < 0 || (a->policy.n == 0 && !a->named.path))
		return number < 0 ? number : 0;
	a->uid = netid_uid(number, NETID_MONITOR);
	a->hold = state_hold(&a->pod, e);
	if (a->hold < 0)
		return a->hold;
	a->audit = record_open(a->pod.name, e);
	a->state = a->audit < 0 ? NULL : state_open(&a->pod, e);
	if (!a->state || loop_init(&a->loop, e) < 0)
		return -e->code;
	state_adopt(a->state, &a->policy);
	if (counters_open(&a->net, &a->pod, COUNTS_NET, e) < 0)
		return -e->code;
	return watch_changes(a, e);
}

void arm_finish(struct arm *a)
{
	if (a->loop.fd >= 0)
		end_sampler(a);
	own_close(&a->audit);
	own_close(&a->hold);
	own_close(&a->loop.fd);
	own_close(&a->ready_fd);
	counters_close(a->net);
	state_close(a->state);
	policy_finish(&a->policy);
	plan_finish(&a->plan);
	pod_finish(&a->pod);
}
