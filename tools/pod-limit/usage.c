/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-limit/limit.h"

/* v1 says "no limit" as the largest number of whole pages. */
#define V1_NO_MAX (INT64_MAX / 4096 * 4096)

/* One number of one file: "N", or "max". */
static uint64_t number(int dir, const char *file)
{
	char text[64];
	uint64_t n;

	if (dir < 0 || read_line_at(dir, file, text, sizeof(text)) < 0)
		return USAGE_UNKNOWN;
	if (strcmp(text, "max") == 0)
		return USAGE_NO_MAX;
	if (unit_u64(text, UINT64_MAX - 2, &n) < 0)
		return USAGE_UNKNOWN;
	return n >= V1_NO_MAX ? USAGE_NO_MAX : n;
}

/* A plain number of v2, else of v1. */
static const struct source {
	size_t to; /* offset in struct usage */
	const char *v2, *v1;
	enum controller ctl;
} sources[] = {
	{offsetof(struct usage, memory), "memory.current", "memory.usage_in_bytes", CTL_MEMORY},
	{offsetof(struct usage, memory_max), "memory.max", "memory.limit_in_bytes", CTL_MEMORY},
	{offsetof(struct usage, memory_peak), "memory.peak", "memory.max_usage_in_bytes",
	 CTL_MEMORY},
	{offsetof(struct usage, pids), "pids.current", "pids.current", CTL_PIDS},
	{offsetof(struct usage, pids_max), "pids.max", "pids.max", CTL_PIDS},
};

static uint64_t count_lines(int dir, const char *file)
{
	OWN_BUF struct buf b = BUF_INIT;
	uint64_t n = 0;

	if (dir < 0 || read_file_at(dir, file, &b, 4 << 20) < 0)
		return 0;
	for (size_t i = 0; i < b.len; i++)
		n += b.data[i] == '\n';
	return n;
}

void usage_read(const struct cgtree *t, struct usage *u)
{
	int mem1 = t->pod1[CTL_MEMORY];

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		uint64_t *to = (uint64_t *)((char *)u + sources[i].to);

		*to = number(t->pod2, sources[i].v2);
		if (*to == USAGE_UNKNOWN)
			*to = number(t->pod1[sources[i].ctl], sources[i].v1);
	}
	/* Threads are listed without any controller; so is the time they used. */
	if (u->pids == USAGE_UNKNOWN && t->pod2 >= 0)
		u->pids = count_lines(t->pod2, "app/cgroup.threads") +
			  count_lines(t->pod2, "guardian/cgroup.threads");
	u->cpu_usec = cgroup_stat(t->pod2, "cpu.stat", "usage_usec", USAGE_UNKNOWN);
	u->oom_kills =
		cgroup_stat(t->pod2, "memory.events", "oom_kill",
			    cgroup_stat(mem1, "memory.oom_control", "oom_kill", USAGE_UNKNOWN));
	u->populated = cgtree_populated(t);
	u->frozen = cgroup_stat(t->pod2, "app/cgroup.events", "frozen", 0) == 1;
}

/* The listing, both forms. */
static const struct field {
	const char *name;
	size_t from;
	bool bytes;
} fields[] = {
	{"cpu_usec", offsetof(struct usage, cpu_usec), false},
	{"memory", offsetof(struct usage, memory), true},
	{"memory_max", offsetof(struct usage, memory_max), true},
	{"memory_peak", offsetof(struct usage, memory_peak), true},
	{"pids", offsetof(struct usage, pids), false},
	{"pids_max", offsetof(struct usage, pids_max), false},
	{"oom_kills", offsetof(struct usage, oom_kills), false},
	{0},
};

static void print_text(const char *pod, const struct usage *u)
{
	printf("%-12s %s\n%-12s %s\n", "pod", pod, "state",
	       u->frozen      ? "frozen"
	       : u->populated ? "running"
			      : "empty");
	for (const struct field *f = fields; f->name; f++) {
		uint64_t n = *(const uint64_t *)((const char *)u + f->from);
		char human[16];

		if (n == USAGE_UNKNOWN)
			printf("%-12s -\n", f->name);
		else if (n == USAGE_NO_MAX)
			printf("%-12s max\n", f->name);
		else if (f->bytes)
			printf("%-12s %s\n", f->name, unit_human(n, human));
		else
			printf("%-12s %" PRIu64 "\n", f->name, n);
	}
}

/* Keys nobody measures are left out; "no limit" is null. */
static void print_json(const char *pod, const struct usage *u)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "pod", pod);
	jw_kbool(&b, "populated", u->populated);
	jw_kbool(&b, "frozen", u->frozen);
	for (const struct field *f = fields; f->name; f++) {
		uint64_t n = *(const uint64_t *)((const char *)u + f->from);

		if (n == USAGE_NO_MAX) {
			jw_key(&b, f->name);
			buf_str(&b, "null");
		} else if (n != USAGE_UNKNOWN)
			jw_knum(&b, f->name, (int64_t)n);
	}
	jw_close(&b, '}');
	puts(b.data);
}

int cmd_usage(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object"},
		{0},
	};
	const struct opt_usage usage = {"pod-limit usage [--json] POD",
					"What the pod uses, and its limits as the kernel has them.",
					1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct usage u;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || cgtree_open(&t, p.name, &e) < 0)
		return say_err(&e);
	usage_read(&t, &u);
	(json ? print_json : print_text)(p.name, &u);
	return POD_EXIT_OK;
}
