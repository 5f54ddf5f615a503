/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/cgroup_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

/* One write of one file.  Optional: that this kernel has no such file is no failure. */
struct setting {
	char file[48], text[128];
	bool optional;
	int failed; /* -errno of the last attempt */
};

#define SETTINGS_MAX 40

struct settings {
	struct setting v[SETTINGS_MAX];
	size_t n;
};

__attribute__((format(printf, 4, 5))) static void add(struct settings *s, bool optional,
						      const char *file, const char *fmt, ...)
{
	struct setting *one = &s->v[s->n];
	va_list ap;

	if (s->n >= SETTINGS_MAX)
		return;
	*one = (struct setting){.optional = optional};
	snprintf(one->file, sizeof(one->file), "%s", file);
	va_start(ap, fmt);
	vsnprintf(one->text, sizeof(one->text), fmt, ap);
	va_end(ap);
	s->n++;
}

/* How v1 says a value; NULL stands for "no limit".  0, or -errno when v1 cannot say it. */
static int v1_cpu_max(const struct plan *pl, const char *value, struct settings *s)
{
	unsigned long long quota = 0, period = 100000;

	(void)pl;
	if (value && strncmp(value, "max", 3) != 0 &&
	    sscanf(value, "%llu %llu", &quota, &period) < 1)
		return -EINVAL;
	if (quota == 0) {
		add(s, true, "cpu.cfs_quota_us", "-1");
		return 0;
	}
	add(s, false, "cpu.cfs_period_us", "%llu", period);
	add(s, false, "cpu.cfs_quota_us", "%llu", quota);
	return 0;
}

/* 1..10000 with 100 in the middle against 2..262144 with 1024. */
static int v1_cpu_weight(const struct plan *pl, const char *value, struct settings *s)
{
	uint64_t weight = 100, shares;

	(void)pl;
	if (value && (unit_u64(value, 10000, &weight) < 0 || weight == 0))
		return -EINVAL;
	shares = weight * 1024 / 100;
	add(s, !value, "cpu.shares", "%" PRIu64, shares < 2 ? 2 : shares);
	return 0;
}

static int v1_memory_max(const struct plan *pl, const char *value, struct settings *s)
{
	(void)pl;
	add(s, !value, "memory.limit_in_bytes", "%s",
	    value && strcmp(value, "max") != 0 ? value : "-1");
	return 0;
}

/* v1 limits memory and swap together. */
static int v1_swap_max(const struct plan *pl, const char *value, struct settings *s)
{
	uint64_t swap, memory;

	if (!value || strcmp(value, "max") == 0) {
		add(s, true, "memory.memsw.limit_in_bytes", "-1");
		return 0;
	}
	if (unit_u64(value, INT64_MAX, &swap) < 0 ||
	    unit_u64(plan_str(pl, "memory.max", ""), INT64_MAX, &memory) < 0)
		return -EINVAL;
	add(s, false, "memory.memsw.limit_in_bytes", "%" PRIu64, memory + swap);
	return 0;
}

static int v1_pids_max(const struct plan *pl, const char *value, struct settings *s)
{
	(void)pl;
	add(s, !value, "pids.max", "%s", value ? value : "max");
	return 0;
}

static int v1_cpuset_cpus(const struct plan *pl, const char *value, struct settings *s)
{
	(void)pl;
	if (value && *value)
		add(s, false, "cpuset.cpus", "%s", value);
	return 0; /* an idle group without a list is removed, so there is nothing to take back */
}

/* "MAJ:MIN" of "MAJ:MIN …" or "/path …": a block device, or the one a file lies on. */
static int io_device(const char *value, char out[32])
{
	char word[256];
	struct stat st;
	unsigned major_, minor_;

	if (sscanf(value, "%255s", word) != 1)
		return -EINVAL;
	if (sscanf(word, "%u:%u", &major_, &minor_) == 2) {
		snprintf(out, 32, "%u:%u", major_, minor_);
		return 0;
	}
	if (stat(word, &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode))
		st.st_dev = st.st_rdev;
	snprintf(out, 32, "%u:%u", major(st.st_dev), minor(st.st_dev));
	return 0;
}

static int v1_io_max(const struct plan *pl, const char *value, struct settings *s)
{
	static const char *const files[][2] = {
		{" rbps=", "blkio.throttle.read_bps_device"},
		{" wbps=", "blkio.throttle.write_bps_device"},
		{" riops=", "blkio.throttle.read_iops_device"},
		{" wiops=", "blkio.throttle.write_iops_device"},
	};
	char dev[32];
	int r;

	(void)pl;
	if (!value)
		return 0; /* an idle v1 group is made anew instead (cgroup.c) */
	r = io_device(value, dev);
	for (size_t i = 0; i < 4 && r == 0; i++) {
		const char *at = strstr(value, files[i][0]);

		if (at)
			add(s, false, files[i][1], "%s %llu", dev,
			    strtoull(at + strlen(files[i][0]), NULL, 10));
	}
	return r;
}

typedef int v1_fn(const struct plan *pl, const char *value, struct settings *s);

const struct limit limits[] = {
	{"cpu.max", "max 100000", "QUOTA_US PERIOD_US", CTL_CPU, true},
	{"cpu.weight", "100", "1 to 10000", CTL_CPU, true},
	{"memory.max", "max", "BYTES", CTL_MEMORY, true},
	{"memory.high", "max", "BYTES", CTL_MEMORY, false},
	{"memory.swap.max", "max", "BYTES", CTL_MEMORY, true},
	{"pids.max", "max", "NUMBER", CTL_PIDS, true},
	{"cpuset.cpus", "", "LIST (0-2,4)", CTL_CPUSET, true},
	{"io.max", "", "MAJ:MIN rbps=N wbps=N riops=N wiops=N", CTL_IO, true},
};
const size_t nlimits = sizeof(limits) / sizeof(limits[0]);

/* In the order of the table above; NULL: v1 has nothing like it. */
static v1_fn *const v1_say[] = {v1_cpu_max,  v1_cpu_weight, v1_memory_max,  NULL,
				v1_swap_max, v1_pids_max,   v1_cpuset_cpus, v1_io_max};

/* Is this what the file says already?  The kernel rounds bytes down to pages. */
static bool same(const char *have, const char *want)
{
	uint64_t h, w, page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (strcmp(have, want) == 0)
		return true;
	if (unit_u64(have, UINT64_MAX, &h) < 0)
		return false;
	if (strcmp(want, "-1") == 0)
		return h >= (uint64_t)INT64_MAX / page * page;
	return unit_u64(want, UINT64_MAX, &w) == 0 && w >= page && w / page * page == h;
}

static void write_one(int dir, struct setting *one)
{
	char have[256];

	one->failed = read_line_at(dir, one->file, have, sizeof(have));
	if (one->failed == -ENOENT && one->optional)
		one->failed = 0;
	else if (one->failed != 0 || !same(have, one->text))
		one->failed = poke_at(dir, one->file, one->text[0] ? one->text : "\n");
}

/*
 * Twice over, because v1 wants memory.limit below memory.memsw at every moment: which of the two
 * must go first depends on whether the limit rises or falls.
 */
static int write_all(int dir, struct settings *s, const char *where, struct err *e)
{
	for (size_t i = 0; i < s->n; i++)
		write_one(dir, &s->v[i]);
	for (size_t i = 0; i < s->n; i++) {
		struct setting *one = &s->v[i];

		if (one->failed)
			write_one(dir, one);
		if (one->failed)
			return err_set(e, -one->failed, "write '%s' to %s of %s", esc(one->text),
				       one->file, where);
	}
	return 0;
}

/* No limit for the devices that io.max names and the plan does not. */
static void release_io(int dir, const struct plan *pl, struct settings *s)
{
	OWN_BUF struct buf b = BUF_INIT;
	unsigned major_, minor_;

	if (read_file_at(dir, "io.max", &b, 65536) < 0)
		return;
	for (char *line = b.data; line && sscanf(line, "%u:%u", &major_, &minor_) == 2;) {
		char dev[32], have[32];
		const char *value;
		bool wanted = false;

		snprintf(have, sizeof(have), "%u:%u", major_, minor_);
		for (size_t i = 0; (value = plan_next(pl, "io.max", &i));)
			wanted |= io_device(value, dev) == 0 && strcmp(dev, have) == 0;
		if (!wanted)
			add(s, true, "io.max", "%s rbps=max wbps=max riops=max wiops=max", have);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

static int say_v2(const struct limit *l, const struct plan *pl, const char *value,
		  struct settings *s)
{
	char dev[32];
	int r;

	(void)pl;
	if (l->ctl != CTL_IO) {
		add(s, !value, l->key, "%s", value ? value : l->none);
		return 0;
	}
	r = value ? io_device(value, dev) : 0;
	if (value && r == 0)
		add(s, false, l->key, "%s%s", dev, value + strcspn(value, " "));
	return r;
}

static int no_controller(const struct cgtree *t, const struct limit *l, struct err *e)
{
	if (t->at.v1[l->ctl][0] && !l->v1)
		return err_status(
			e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
			"limit %s: only cgroup v2 can do that, and this host has the %s "
			"controller in a v1 hierarchy; take the limit out of the pod file",
			l->key, controller_names[l->ctl].v1);
	return err_status(
		e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
		"limit %s: no cgroup hierarchy offers the %s controller to us (cgroup2 %s); "
		"take the limit out of the pod file, or see 'pod-limit doctor'",
		l->key, controller_names[l->ctl].v2, t->at.v2[0] ? t->at.v2 : "not mounted");
}

/* The settings of one controller, as the hierarchy that drives it says them. */
static int gather(const struct cgtree *t, enum controller c, const struct plan *pl, bool v2,
		  enum limits_how how, struct settings *s, struct err *e)
{
	if (v2 && c == CTL_IO && how != LIMITS_ONLY)
		release_io(t->pod2, pl, s);
	for (size_t l = 0; l < nlimits; l++) {
		size_t at = 0;
		const char *value = plan_next(pl, limits[l].key, &at);

		if (limits[l].ctl != c || (!value && (how == LIMITS_ONLY || (!v2 && !v1_say[l]))))
			continue;
		if (value && !v2 && !v1_say[l])
			return no_controller(t, &limits[l], e);
		do {
			int r = v2 ? say_v2(&limits[l], pl, value, s) : v1_say[l](pl, value, s);

			if (r < 0)
				return err_status(e, POD_EXIT_CONFIG, -r, "limit %s '%s' (want %s)",
						  limits[l].key, esc(value ? value : ""),
						  limits[l].help);
		} while (value && (value = plan_next(pl, limits[l].key, &at)));
	}
	return 0;
}

/* The first limit of this controller that the plan asks for. */
static const struct limit *asked(const struct plan *pl, enum controller c)
{
	for (size_t l = 0; l < nlimits; l++)
		if (limits[l].ctl == c && plan_str(pl, limits[l].key, NULL))
			return &limits[l];
	return NULL;
}

static int apply_controller(struct cgtree *t, enum controller c, const struct plan *pl,
			    enum limits_how how, struct err *e)
{
	const struct limit *first = asked(pl, c);
	struct settings s = {.n = 0};
	OWN_FREE char *where = NULL;
	bool v2, fresh;
	int r;

	if (!first && how == LIMITS_ONLY)
		return 0;
	v2 = first ? cgtree_enable(t, c) == 0 : t->pod1[c] < 0;
	if (first && !v2 && cgtree_make_v1(t, c) < 0)
		return no_controller(t, first, e);
	if (!first && v2 && !cgtree_has(t, c))
		return 0; /* no files, no limit to lift */
	fresh = v2 ? t->new2 : t->new1[c];
	if (how == LIMITS_NEW && !fresh)
		return 0;
	r = gather(t, c, pl, v2, how, &s, e);
	if (r < 0)
		return r;
	where = xfmt("%s/%s", v2 ? t->at.v2 : t->at.v1[c], t->group);
	return write_all(v2 ? t->pod2 : t->pod1[c], &s, where, e);
}

int limits_apply(struct cgtree *t, const struct plan *pl, enum limits_how how, struct err *e)
{
	for (enum controller c = 0; c < CTL_COUNT; c++) {
		int r = apply_controller(t, c, pl, how, e);

		if (r < 0)
			return r;
	}
	return 0;
}
