/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "libcommon/usage.h"
#include "tools/pod-limit/limit.h"

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
	OWN(usage_finish) struct usage_files files = USAGE_FILES_INIT;
	struct usage u;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || cgtree_open(&t, p.name, &e) < 0)
		return say_err(&e);
	usage_open(&files, &t);
	usage_read(&files, &u);
	(json ? print_json : print_text)(p.name, &u);
	return POD_EXIT_OK;
}
