/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod may use.  Whether there are limits at all only the host can tell. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/pod-probe/probe.h"

/* C-03 */
static enum verdict fork_many(const void *unused)
{
	enum { MANY = 300 };
	int made = 0, end[2];
	char c;

	(void)unused;
	if (pipe(end) < 0)
		return untried("pipe: %s", strerror(errno));
	for (; made < MANY; made++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			close(end[1]);
			_exit(read(end[0], &c, 1) != 0);
		}
	}
	close(end[1]);
	while (wait(NULL) > 0)
		;
	return made == MANY ? opened("%d children at once", made) : held("%d children", made);
}

static int take_memory(void)
{
	size_t size = 160ul << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return HELD;
	memset(p, 1, size);
	return OPEN;
}

/* C-01 */
static enum verdict eat_memory(const void *unused)
{
	int status = in_child(take_memory);

	(void)unused;
	return status == 0 ? opened("160 MiB") : held("ended with %d", status);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A busy machine gives less than half a processor to anybody: the control stands in front. */
static void stand_in_front(void)
{
	const struct sched_param first = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
		setpriority(PRIO_PROCESS, 0, -20);
}

/* C-02: more than half a processor, over four periods of a quota that allows a quarter. */
static enum verdict burn(const void *unused)
{
	double best = 0;

	(void)unused;
	if (is_control)
		stand_in_front();
	for (int i = 0; i < (is_control ? 20 : 2) && best < 0.5; i++) {
		double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		double used, took;

		while (seconds(CLOCK_MONOTONIC) - wall < 0.4)
			;
		used = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		took = seconds(CLOCK_MONOTONIC) - wall;
		best = used / took > best ? used / took : best;
	}
	return best >= 0.5 ? opened("%.2f processors", best) : held("%.2f processors", best);
}

static enum verdict leave_processor(const void *unused)
{
	cpu_set_t set;

	(void)unused;
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	return unless_failed(sched_setaffinity(0, sizeof(set), &set));
}

/* Its answer is replaced by what the kernel's files for the pod say. */
static enum verdict host_judges(const void *unused)
{
	(void)unused;
	return untried("only the host can tell");
}

const struct probe limit_probes[] = {
	{"limits", "fork-bomb", MEDIUM, "more processes than max_pids is refused", fork_many, NULL,
	 "world"},
	{"limits", "memory", MEDIUM, "more memory than the limit is refused", eat_memory, NULL,
	 "world"},
	{"limits", "processor-time", MEDIUM, "more processor time than the quota is refused", burn,
	 NULL, "world"},
	{"limits", "other-processor", MEDIUM,
	 "another processor than the affinity allows is refused", leave_processor, NULL, "world"},
	{"limits", "limit-memory", MEDIUM, "memory has a limit", host_judges, NULL, "judge"},
	{"limits", "limit-cpu", MEDIUM, "processor time has a limit", host_judges, NULL, "judge"},
	{"limits", "limit-pids", MEDIUM, "the number of processes has a limit", host_judges, NULL,
	 "judge"},
	{0},
};
