/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/sampler.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/program.h"

#define READS_MAX 8 /* of TAIL_BYTES in one look */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return clock_ns(&t);
}

/* --- what groups say --- */

/* What a new group says begins at zero, and so does what one says that is smaller than before. */
static uint64_t go_on(struct state *s, enum sample_field f, uint64_t said)
{
	uint64_t before = s->before[f] == SAMPLE_UNKNOWN ? 0 : s->before[f];

	if (said == SAMPLE_UNKNOWN)
		return s->totals[f];
	if (s->totals[f] == SAMPLE_UNKNOWN)
		s->totals[f] = 0;
	s->totals[f] += said >= before ? said - before : said;
	s->before[f] = said;
	return s->totals[f];
}

static uint64_t thousandths(const struct usage *u)
{
	if (u->cpu_quota == SAMPLE_UNKNOWN || u->cpu_quota == SAMPLE_NO_MAX)
		return u->cpu_quota;
	return u->cpu_period && u->cpu_period < SAMPLE_NO_MAX ? u->cpu_quota * 1000 / u->cpu_period
							      : SAMPLE_UNKNOWN;
}

static void take_usage(struct sample *out, struct state *s, const struct source *from)
{
	struct usage u;

	usage_read(&from->usage, &u);
	if (s->group != from->group)
		s->before[CPU_SECONDS] = s->before[IO_READ] = s->before[IO_WRITTEN] = 0;
	s->group = from->group;
	out->running = u.populated;
	out->frozen = u.frozen;
	out->v[CPU_SECONDS] = go_on(s, CPU_SECONDS, u.cpu_usec);
	out->v[CPU_LIMIT] = thousandths(&u);
	out->v[MEMORY_BYTES] = u.memory;
	out->v[MEMORY_LIMIT] = u.memory_max;
	out->v[PIDS_COUNT] = u.pids;
	out->v[PIDS_LIMIT] = u.pids_max;
	out->v[IO_READ] = go_on(s, IO_READ, u.io_read);
	out->v[IO_WRITTEN] = go_on(s, IO_WRITTEN, u.io_written);
}

static void take_disk(struct sample *out, const struct state *s)
{
	out->v[DISK_BYTES] = s->disk_bytes;
	out->v[DISK_LIMIT] = s->disk_limit;
	if (s->disk_bytes != SAMPLE_UNKNOWN && out->ns >= s->disk_ns)
		out->v[DISK_AGE] = (out->ns - s->disk_ns) / 1000000000u;
}

static const enum sample_field counted[] = {ACTIONS_SUBMITTED, ACTIONS_EXECUTED, ACTIONS_DENIED,
					    EVENTS_COUNT};

#define COUNTED (sizeof(counted) / sizeof(counted[0]))

/* What the network's daemons count; the host's own network nobody does. */
static void take_network(struct sample *out, const struct source *from)
{
	static const enum sample_field fields[COUNTER_KINDS] = {
		[COUNT_UP] = NET_UP,
		[COUNT_DOWN] = NET_DOWN,
		[COUNT_CONNECTIONS] = NET_CONNECTIONS,
		[COUNT_DNS_QUERIES] = DNS_QUERIES,
		[COUNT_DNS_DENIED] = DNS_DENIED,
		[COUNT_REQUESTS] = REQUESTS_COUNT,
		[COUNT_REQUESTS_DENIED] = REQUESTS_DENIED,
		[COUNT_TOKENS] = REQUESTS_TOKENS,
	};
	uint64_t sum[COUNTER_KINDS];

	if (!from->counters.of[0])
		return;
	counters_sum(&from->counters, sum);
	for (size_t i = 0; i < COUNTER_KINDS; i++)
		out->v[fields[i]] = sum[i];
}

void sampler_sample(struct sample *out, struct state *s, const struct source *from,
		    const uint64_t seen[SAMPLE_FIELDS])
{
	sample_init(out);
	out->ns = now_ns();
	take_usage(out, s, from);
	take_disk(out, s);
	take_network(out, from);
	for (size_t i = 0; i < COUNTED; i++) {
		uint64_t total = s->totals[counted[i]];

		out->v[counted[i]] = (total == SAMPLE_UNKNOWN ? 0 : total) + seen[counted[i]];
	}
	sample_derive(out, state_last(s));
}

/* --- what events say --- */

static const struct {
	const char *event; /* of the queue */
	enum sample_field adds;
} meanings[] = {
	{"action_submitted", ACTIONS_SUBMITTED},
	{"action_executed", ACTIONS_EXECUTED},
	{"action_denied", ACTIONS_DENIED},
	{"action_blocked", ACTIONS_DENIED},
};

void sampler_count(uint64_t totals[SAMPLE_FIELDS], const struct line *l)
{
	totals[EVENTS_COUNT]++;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(l->event, meanings[i].event) == 0 && strcmp(l->src, "queue") == 0)
			totals[meanings[i].adds]++;
}

static void on_seen(void *arg, const struct line *l)
{
	struct sampler *s = arg;

	sampler_count(s->seen, l);
}

static void on_line(void *arg, const char *text, size_t len)
{
	struct sampler *s = arg;

	engine_event(&s->engine, text, len);
}

/* --- the process --- */

static void tell(void *arg, enum verdict verdict, size_t rule)
{
	const struct sampler *s = arg;
	const struct told told = {(uint32_t)verdict, (uint32_t)rule};

	if (write_full(s->out, &told, sizeof(told)) < 0)
		_exit(POD_EXIT_OK); /* nobody listens any more */
}

/* Counted once: together with where reading goes on. */
static void keep_counts(struct sampler *s, struct state *st)
{
	for (size_t i = 0; i < COUNTED; i++) {
		uint64_t *total = &st->totals[counted[i]];

		*total = (*total == SAMPLE_UNKNOWN ? 0 : *total) + s->seen[counted[i]];
	}
	memset(s->seen, 0, sizeof(s->seen));
	st->segment = s->source->tail.at;
	st->offset = s->source->tail.offset;
}

static void look(struct sampler *s)
{
	struct state *st = s->engine.state;
	struct sample sample;

	for (int i = 0; i < READS_MAX && tail_read(&s->source->tail, on_line, s); i++)
		;
	sampler_sample(&sample, st, s->source, s->seen);
	engine_look(&s->engine, &sample);
	keep_counts(s, st);
}

static void lock_down(uid_t uid)
{
	const struct lockdown l = {
		.promises = PROMISE_FILE | PROMISE_ALARM, .uid = uid, .gid = uid};
	struct err e = {0};

	if (lockdown(&l, &e) < 0)
		die(POD_EXIT_FAILED, "%s", e.msg);
}

/* Looks are an interval apart, whatever one takes. */
static void wait_for_next(const struct sampler *s, int64_t *due)
{
	struct pollfd gone = {.fd = s->control, .events = POLLIN};
	int64_t now = clock_ms(), step = (int64_t)s->engine.policy->interval_s * 1000;

	*due += step;
	if (*due <= now)
		*due = now + step / 10;
	if (poll(&gone, 1, (int)(*due - now)) > 0)
		_exit(POD_EXIT_OK);
}

void sampler_run(struct sampler *s, uid_t uid)
{
	int64_t due;

	prctl(PR_SET_NAME, "pod-sampler");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	clearenv();
	sample_prepare();
	signal(SIGPIPE, SIG_IGN);
	s->engine.tell = tell;
	s->engine.seen = on_seen;
	s->engine.arg = s;
	if (!engine_init(&s->engine))
		_exit(POD_EXIT_CONFIG);
	program_bound();
	lock_down(uid);
	tell(s, VERDICT_READY, 0);
	due = clock_ms();
	for (;;) {
		look(s);
		wait_for_next(s, &due);
	}
}
