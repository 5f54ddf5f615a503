/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times whole commands in turn, A B C A B C ..., so that a machine that drifts drifts for all:
 *	interleave -b BENCH [-1 | -n ROUNDS] [-s SECONDS] [-g GAP_MS] [-p PREPARE] -- NAME CMD
 *ARG... -- NAME CMD One JSON object a command: median, minimum, processor time, and the ratio of
 *the first to it. PREPARE is run by sh before each command, outside of the time, with $NAME set.  A
 *first round warms up, but not with -1: one round of what cannot be done twice.  After SECONDS no
 *other round begins, so that a slow machine has fewer of them, one at least.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS 8
#define ROUNDS   1000

struct command {
	const char *name;
	char **argv;
	double ms[ROUNDS];  /* wall time */
	double cpu[ROUNDS]; /* user and system time of it and all it waited for */
};

static struct command commands[COMMANDS];
static int ncommands;

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void fail(const char *what, const char *which)
{
	fprintf(stderr, "interleave: %s %s\n", what, which);
	exit(2);
}

static int wait_status(pid_t pid, double *cpu)
{
	struct rusage ru;
	int status;

	if (pid < 0 || wait4(pid, &status, 0, &ru) < 0)
		fail("cannot start", "a command");
	*cpu = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e3 +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e3;
	return status;
}

static double once(const struct command *c, double *cpu)
{
	double start = now_ms();
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execvp(c->argv[0], c->argv);
		_exit(127);
	}
	if (wait_status(pid, cpu) != 0)
		fail("failed:", c->name);
	return now_ms() - start;
}

static void prepare(const char *script, const struct command *c)
{
	double cpu;
	pid_t pid;

	if (!script)
		return;
	pid = fork();
	if (pid == 0) {
		setenv("NAME", c->name, 1);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	if (wait_status(pid, &cpu) != 0)
		fail("cannot prepare", c->name);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void split(int argc, char **argv, int i)
{
	while (i < argc && ncommands < COMMANDS) {
		struct command *c = &commands[ncommands++];

		c->name = argv[i];
		c->argv = argv + i + 1;
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		if (i < argc)
			argv[i++] = NULL;
	}
}

static void report(const char *bench, int rounds)
{
	double first = 0;

	for (int k = 0; k < ncommands; k++) {
		struct command *c = &commands[k];
		double median;

		qsort(c->ms, (size_t)rounds, sizeof(double), by_value);
		qsort(c->cpu, (size_t)rounds, sizeof(double), by_value);
		median = c->ms[rounds / 2];
		if (k == 0)
			first = median;
		printf("{\"bench\":\"%s\",\"name\":\"%s\",\"rounds\":%d,\"median_ms\":%.3f,"
		       "\"min_ms\":%.3f,\"cpu_ms\":%.3f,\"ratio\":%.3f}\n",
		       bench, c->name, rounds, median, c->ms[0], c->cpu[rounds / 2],
		       first / median);
	}
}

int main(int argc, char **argv)
{
	const char *bench = "bench", *script = NULL;
	int rounds = 51, gap = 0, first = -1, opt;
	double until = 0;

	while ((opt = getopt(argc, argv, "+1b:n:g:p:s:")) > 0) {
		if (opt == '1')
			rounds = 1, first = 0;
		else if (opt == 'b')
			bench = optarg;
		else if (opt == 'n')
			rounds = atoi(optarg);
		else if (opt == 'g')
			gap = atoi(optarg);
		else if (opt == 'p')
			script = optarg;
		else if (opt == 's')
			until = now_ms() + atof(optarg) * 1e3;
		else
			return 64;
	}
	if (rounds < 1 || rounds > ROUNDS)
		return 64;
	split(argc, argv, optind);
	for (int i = first; i < rounds; i++) {
		if (until > 0 && i > 0 && now_ms() > until)
			rounds = i;
		for (int k = 0; k < ncommands && i < rounds; k++) {
			double ms, cpu;

			prepare(script, &commands[k]);
			usleep((useconds_t)gap * 1000);
			ms = once(&commands[k], &cpu);
			if (i < 0)
				continue;
			commands[k].ms[i] = ms;
			commands[k].cpu[i] = cpu;
		}
	}
	report(bench, rounds);
	return 0;
}
