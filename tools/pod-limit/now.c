/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel has for a limit now, said as `set` takes it: so that a limit can be put back as
 * it was, and so that nothing is put back that somebody changed since.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libcommon/cgroup_limits.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-limit/limit.h"

#define V1_NO_MAX (INT64_MAX / 4096 * 4096) /* "no limit" of v1: whole pages */

static bool number(int dir, const char *file, int64_t *n)
{
	char text[64], *end;

	if (dir < 0 || read_line_at(dir, file, text, sizeof(text)) < 0)
		return false;
	*n = strtoll(text, &end, 10);
	return end != text && !*end;
}

static char *v1_cpu(int dir)
{
	int64_t quota, period;

	if (!number(dir, "cpu.cfs_quota_us", &quota) || !number(dir, "cpu.cfs_period_us", &period))
		return NULL;
	return quota < 0 ? xstrdup("max 100000") : xfmt("%" PRId64 " %" PRId64, quota, period);
}

static char *v1_weight(int dir)
{
	int64_t shares;

	if (!number(dir, "cpu.shares", &shares))
		return NULL;
	shares = (shares * 100 + 512) / 1024;
	return xfmt("%" PRId64, shares < 1 ? 1 : shares > 10000 ? 10000 : shares);
}

static char *bytes_or_max(int64_t n)
{
	return n >= V1_NO_MAX ? xstrdup("max") : xfmt("%" PRId64, n);
}

static char *v1_memory(int dir)
{
	int64_t n;

	return number(dir, "memory.limit_in_bytes", &n) ? bytes_or_max(n) : NULL;
}

/* v1 has the sum of both. */
static char *v1_swap(int dir)
{
	int64_t both, memory;

	if (!number(dir, "memory.memsw.limit_in_bytes", &both) ||
	    !number(dir, "memory.limit_in_bytes", &memory))
		return NULL;
	return both >= V1_NO_MAX ? xstrdup("max") : xfmt("%" PRId64, both - memory);
}

static char *v1_line(int dir, const char *file)
{
	char text[4096];

	return dir >= 0 && read_line_at(dir, file, text, sizeof(text)) == 0 ? xstrdup(text) : NULL;
}

static char *v1_pids(int dir)
{
	return v1_line(dir, "pids.max");
}

static char *v1_cpus(int dir)
{
	return v1_line(dir, "cpuset.cpus");
}

static const struct {
	const char *key, *none; /* none: there is no group, so nothing limits */
	char *(*read)(int dir);
} v1[] = {
	{"cpu.max", "max 100000", v1_cpu}, {"cpu.weight", "100", v1_weight},
	{"memory.max", "max", v1_memory},  {"memory.swap.max", "max", v1_swap},
	{"pids.max", "max", v1_pids},      {"cpuset.cpus", NULL, v1_cpus},
};

/* What limits a pod that is in no cpuset: the list at the top of the hierarchy. */
static char *all_cpus(const struct cgtree *t)
{
	OWN_FD int top = open(t->at.v1[CTL_CPUSET], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return v1_cpus(top);
}

static char *now_v1(const struct cgtree *t, const struct limit *l)
{
	int dir = t->pod1[l->ctl];

	for (size_t i = 0; i < sizeof(v1) / sizeof(v1[0]); i++) {
		if (strcmp(v1[i].key, l->key) != 0)
			continue;
		if (dir < 0)
			return v1[i].none ? xstrdup(v1[i].none) : all_cpus(t);
		return v1[i].read(dir);
	}
	return NULL;
}

/* --- io.max: a line a device --- */

/* "MAJ:MIN" that value speaks of, as libcommon/cgroup_limits.c finds it. */
static bool device(const char *value, char out[32])
{
	char word[256];
	unsigned major_, minor_;
	struct stat st;

	if (sscanf(value, "%255s", word) != 1)
		return false;
	if (sscanf(word, "%u:%u", &major_, &minor_) == 2) {
		snprintf(out, 32, "%u:%u", major_, minor_);
		return true;
	}
	if (stat(word, &st) < 0)
		return false;
	if (S_ISBLK(st.st_mode))
		st.st_dev = st.st_rdev;
	snprintf(out, 32, "%u:%u", major(st.st_dev), minor(st.st_dev));
	return true;
}

/* What follows "DEV " in a file of lines, into out; false: no line. */
static bool device_line(int dir, const char *file, const char *dev, char *out, size_t size)
{
	OWN_BUF struct buf b = BUF_INIT;
	size_t n = strlen(dev);

	if (dir < 0 || read_file_at(dir, file, &b, 65536) < 0)
		return false;
	for (const char *line = b.data; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, dev, n) != 0 || line[n] != ' ')
			continue;
		snprintf(out, size, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
		return true;
	}
	return false;
}

static char *now_io(const struct cgtree *t, const char *want, bool v2)
{
	static const char *const files[][2] = {
		{"rbps", "blkio.throttle.read_bps_device"},
		{"wbps", "blkio.throttle.write_bps_device"},
		{"riops", "blkio.throttle.read_iops_device"},
		{"wiops", "blkio.throttle.write_iops_device"},
	};
	OWN_BUF struct buf b = BUF_INIT;
	char dev[32], text[256];

	if (!device(want, dev))
		return NULL;
	if (v2) {
		bool is = device_line(t->pod2, "io.max", dev, text, sizeof(text));

		return xfmt("%s %s", dev, is ? text : "rbps=max wbps=max riops=max wiops=max");
	}
	buf_str(&b, dev);
	for (size_t i = 0; i < 4; i++) {
		bool is = device_line(t->pod1[CTL_IO], files[i][1], dev, text, sizeof(text));

		buf_fmt(&b, " %s=%s", files[i][0], is ? text : "max");
	}
	return buf_take(&b);
}

char *limit_now(const struct cgtree *t, const struct limit *l, const char *want)
{
	bool v2 = t->pod2 >= 0 && faccessat(t->pod2, l->key, F_OK, 0) == 0;
	char text[4096];

	if (l->ctl == CTL_IO)
		return now_io(t, want, v2);
	if (!v2)
		return now_v1(t, l);
	return read_line_at(t->pod2, l->key, text, sizeof(text)) == 0 ? xstrdup(text) : NULL;
}
