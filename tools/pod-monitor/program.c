/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/program.h"

#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>

/* What is wrong was said where the rule was read; here nobody would hear it. */
static void hear_nothing(void *to, jv message)
{
	(void)to;
	jv_free(message);
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

void program_bound(void)
{
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	struct rlimit limit;

	if (f && fscanf(f, "%lu", &pages) == 1) {
		limit.rlim_cur = limit.rlim_max = pages * 4096 + PROGRAM_BYTES;
		setrlimit(RLIMIT_AS, &limit);
	}
	if (f)
		fclose(f);
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
