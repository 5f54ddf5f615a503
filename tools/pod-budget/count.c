/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings are kept beside the totals: a meter that is killed goes on from them, so that what the
 * pod used meanwhile counts all the same.  After a boot they mean nothing any more.
 */
#include "tools/pod-budget/count.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"

int count_open(struct count *c, const struct pod *p, struct err *e)
{
	uint64_t boot = budget_boot();
	int r = ledger_read(&c->ledger, p, e);

	c->pod = p;
	if (r == 0)
		r = counters_open_all(&c->pages, p, e);
	if (r == 0)
		r = counters_open(&c->net, p, COUNTS_NET, e);
	if (r == 0)
		r = cgtree_open(&c->groups, p->name, e);
	if (r < 0)
		return r;
	if (c->ledger.boot != boot) {
		memset(c->ledger.raw, 0, sizeof(c->ledger.raw));
		c->ledger.group = c->ledger.pid = c->ledger.froze = 0;
		c->ledger.boot = boot;
	}
	return 0;
}

void count_finish(struct count *c)
{
	own_close(&c->init);
	counters_close(c->net);
	counters_close_all(&c->pages);
	cgtree_finish(&c->groups);
}

/* --- time --- */

static bool has_ended(int pidfd)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	return poll(&end, 1, 0) > 0;
}

/* The init that is registered now.  (pod_init_pid() would wait for one that is about to end.) */
static bool look_init(const struct count *c, uint64_t *pid, uint64_t *start)
{
	char line[64];
	unsigned long long a, b;

	if (read_line_at(c->pod->run, "init.pid", line, sizeof(line)) < 0 ||
	    sscanf(line, "%llu %llu", &a, &b) != 2 || a == 0 || a > INT32_MAX)
		return false;
	*pid = a;
	*start = b;
	return pod_start_time((pid_t)a) == b;
}

static void count_time(struct count *c, uint64_t from)
{
	uint64_t now = budget_now();

	if (from < c->ledger.counted_ms)
		from = c->ledger.counted_ms;
	if (now > from)
		c->ledger.total[BUDGET_DURATION] += now - from;
	c->ledger.counted_ms = now;
}

/* One that lived when the ledger was written, and not now, has its time up to then. */
static void begin_init(struct count *c)
{
	struct ledger *l = &c->ledger;
	uint64_t pid, start;
	OWN_FD int fd = -1;

	if (!look_init(c, &pid, &start)) {
		l->pid = 0;
		return;
	}
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0 || has_ended(fd) || pod_start_time((pid_t)pid) != start) {
		l->pid = 0;
		return;
	}
	if (l->pid != pid || l->start != start)
		l->counted_ms = 0;
	l->pid = pid;
	l->start = start;
	count_time(c, budget_began(start));
	c->init = take_fd(&fd);
}

static void take_duration(struct count *c)
{
	if (c->init >= 0) {
		count_time(c, 0);
		if (!has_ended(c->init))
			return;
		own_close(&c->init);
		c->init = -1;
		c->ledger.pid = 0;
	}
	begin_init(c);
}

/* --- groups and counters --- */

static void go_on(struct ledger *l, enum budget k, uint64_t now)
{
	l->total[k] += count_step(l->raw[k], now);
	l->raw[k] = now;
}

/* Groups come and go with the pod's runs: another one begins at zero. */
static void take_cpu(struct count *c)
{
	struct ledger *l = &c->ledger;
	unsigned long long used = cgroup_stat(c->groups.pod2, "cpu.stat", "usage_usec", UINT64_MAX);
	struct err none = {0};
	struct stat st;

	if (used == UINT64_MAX) {
		cgtree_finish(&c->groups);
		c->groups = (struct cgtree)CGTREE_INIT;
		if (cgtree_open(&c->groups, c->pod->name, &none) < 0)
			return;
		used = cgroup_stat(c->groups.pod2, "cpu.stat", "usage_usec", UINT64_MAX);
	}
	if (used == UINT64_MAX || fstat(c->groups.pod2, &st) < 0)
		return;
	if (l->group != st.st_ino)
		l->raw[BUDGET_CPU] = 0;
	l->group = st.st_ino;
	go_on(l, BUDGET_CPU, used);
}

static void take_network(struct count *c)
{
	uint64_t sum[COUNTER_KINDS];

	counters_take_link(c->net, c->pod);
	counters_sum(&c->pages, sum);
	go_on(&c->ledger, BUDGET_NETWORK, sum[COUNT_UP] + sum[COUNT_DOWN]);
	go_on(&c->ledger, BUDGET_REQUESTS, sum[COUNT_REQUESTS]);
	go_on(&c->ledger, BUDGET_TOKENS, sum[COUNT_TOKENS]);
}

bool count_now(struct count *c)
{
	take_duration(c);
	take_cpu(c);
	take_network(c);
	return c->init >= 0;
}
