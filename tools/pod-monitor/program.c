/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/program.h"

#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/own.h"

/* What is wrong was said where the rule was read; here nobody would hear it. */
static void hear_nothing(void *to, jv message)
{
	(void)to;
	jv_free(message);
}

static jv no_input(jq_state *jq, void *from)
{
	(void)jq;
	(void)from;
	return jv_invalid();
}

struct jq_state *program_compile(const char *text)
{
	jq_state *jq;

	setenv("HOME", "/dev/null", 1); /* or somebody's ~/.jq would be a part of it */
	jq = jq_init();
	if (!jq)
		return NULL;
	jq_set_error_cb(jq, hear_nothing, NULL);
	jq_set_debug_cb(jq, hear_nothing, NULL);
	jq_set_input_cb(jq, no_input, NULL);
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_array()); /* no modules */
	if (!jq_compile(jq, text))
		jq_teardown(&jq);
	return jq;
}

void program_free(struct jq_state *p)
{
	if (p)
		jq_teardown(&p);
}

#ifndef __SANITIZE_ADDRESS__
static void bound_memory(void)
{
	OWN_FILE FILE *f = fopen("/proc/self/statm", "re");
	struct rlimit limit;
	unsigned long pages;

	if (!f || fscanf(f, "%lu", &pages) != 1)
		return;
	limit.rlim_cur = limit.rlim_max = pages * (unsigned long)getpagesize() + PROGRAM_BYTES;
	setrlimit(RLIMIT_AS, &limit);
}
#endif

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The C library asks for some things when they are first wanted: after a lock-down it could not. */
static void warm_up(void)
{
	int numbers[1024] = {1};

	qsort(numbers, 1024, sizeof(int), by_value); /* how much memory there is */
	unsetenv("HOME");
	setenv("TZ", "UTC0", 1); /* with none, each look at a date looks for the host's zone */
	tzset();
}

void program_bound(void)
{
	FILE *nowhere = fopen("/dev/null", "we");

	warm_up();
	/* What programs say there would fill the log; our own messages go another way. */
	if (nowhere) {
		setvbuf(nowhere, NULL, _IONBF, 0);
		stderr = nowhere;
	}
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	bound_memory();
#endif
}

static void set_alarm(long ms)
{
	const struct itimerval t = {.it_value = {.tv_usec = ms * 1000}};

	setitimer(ITIMER_PROF, &t, NULL);
}

int program_run(struct jq_state *p, jv input)
{
	jv_kind kind;
	jv said;
	int r;

	set_alarm(PROGRAM_MS);
	jq_start(p, input, 0);
	said = jq_next(p);
	kind = jv_get_kind(said);
	r = kind != JV_KIND_INVALID && kind != JV_KIND_FALSE && kind != JV_KIND_NULL;
	if (kind == JV_KIND_INVALID && jv_invalid_has_msg(jv_copy(said)))
		r = -1;
	jv_free(said);
	set_alarm(0);
	return r;
}
