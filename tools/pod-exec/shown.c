/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/shown.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-exec/mnt.h"

#define TEXT_MAX (256 * 1024)

static const char *const names[SHOWN_FILES] = {
	[SHOWN_CPUINFO] = "cpuinfo",
	[SHOWN_STAT] = "stat",
	[SHOWN_MEMINFO] = "meminfo",
};

static void find_cpus(struct shown *s, const struct plan *pl)
{
	const char *list = plan_str(pl, "cpuset.cpus", NULL), *max = plan_str(pl, "cpu.max", NULL);
	unsigned long long quota = 0, period = 0;
	struct cpus online;
	char text[512];

	if ((!list && !max) ||
	    read_line_at(AT_FDCWD, "/sys/devices/system/cpu/online", text, sizeof(text)) < 0 ||
	    !cpus_parse(&online, text))
		return;
	if (max)
		sscanf(max, "%llu %llu", &quota, &period);
	if (!list || !cpus_parse(&s->cpus, list))
		s->cpus = online;
	cpus_limit(&s->cpus, &online, cpus_of_quota(quota, period));
	s->cpu_limited = s->cpus.n > 0 && s->cpus.n < online.n;
}

/* The memory group is one of the v1 groups the command enters, else the parent of app/. */
static int open_usage(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->nprocs; i++) {
		char link[40], path[PATH_MAX];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", cg->procs[i]);
		n = readlink(link, path, sizeof(path) - 32);
		if (n <= 0)
			continue;
		path[n] = '\0';
		snprintf(strrchr(path, '/') + 1, 32, "memory.usage_in_bytes");
		n = open(path, O_RDONLY | O_CLOEXEC);
		if (n >= 0)
			return (int)n;
	}
	return cg->v2 < 0 ? -1 : openat(cg->v2, "../memory.current", O_RDONLY | O_CLOEXEC);
}

void shown_init(struct shown *s, const struct plan *pl, const struct cgroup *cg)
{
	*s = (struct shown){.usage = -1, .memory = plan_u64(pl, "memory.max", 0)};
	for (int i = 0; i < SHOWN_FILES; i++)
		s->from[i] = s->to[i] = -1;
	find_cpus(s, pl);
	if (s->memory)
		s->usage = open_usage(cg);
}

void shown_finish(struct shown *s)
{
	own_close(&s->usage);
	for (int i = 0; i < SHOWN_FILES; i++) {
		own_close(&s->from[i]);
		own_close(&s->to[i]);
	}
}

bool shown_any(const struct shown *s)
{
	return s->cpu_limited || s->memory;
}

static size_t read_text(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = pread(fd, text + len, size - len, (off_t)len)) > 0)
		len += (size_t)n;
	return len;
}

static uint64_t memory_in_use(const struct shown *s)
{
	char text[32];
	ssize_t n = s->usage < 0 ? 0 : pread(s->usage, text, sizeof(text) - 1, 0);
	uint64_t used = 0;

	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		used = used * 10 + (uint64_t)(text[i] - '0');
	return used;
}

static size_t compose(const struct shown *s, enum shown_file file, char *out)
{
	static char in[TEXT_MAX];
	size_t len = read_text(s->from[file], in, sizeof(in));

	switch (file) {
	case SHOWN_CPUINFO:
		return figures_cpuinfo(out, TEXT_MAX, in, len, &s->cpus);
	case SHOWN_STAT:
		return figures_stat(out, TEXT_MAX, in, len, &s->cpus);
	default:
		return figures_meminfo(out, TEXT_MAX, in, len, s->memory, memory_in_use(s));
	}
}

static int write_one(const struct shown *s, enum shown_file file)
{
	static char out[TEXT_MAX];
	size_t len = compose(s, file, out);

	/* in place and then cut: a reader in between sees old lines at the end, never nothing */
	if (pwrite(s->to[file], out, len, 0) != (ssize_t)len ||
	    ftruncate(s->to[file], (off_t)len) < 0)
		return -errno;
	return 0;
}

void shown_refresh(const struct shown *s)
{
	int saved = errno;

	for (int i = SHOWN_STAT; i < SHOWN_FILES; i++) /* cpuinfo does not change */
		if (s->to[i] >= 0)
			write_one(s, (enum shown_file)i);
	errno = saved;
}

static int show_file(struct shown *s, enum shown_file file, int dir, int proc, struct err *e)
{
	OWN_FD int cover = -1, covered = -1;
	int r;

	s->from[file] = openat(proc, names[file], O_RDONLY | O_CLOEXEC);
	s->to[file] = openat(dir, names[file], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (s->from[file] < 0 || s->to[file] < 0)
		return err_set(e, errno, "make the pod's /proc/%s", names[file]);
	r = write_one(s, file);
	cover = openat(dir, names[file], O_PATH | O_CLOEXEC);
	covered = openat(proc, names[file], O_PATH | O_CLOEXEC);
	if (r == 0)
		r = cover < 0 || covered < 0
			    ? -errno
			    : mnt_cover(cover, covered, MNT_SAFE | MOUNT_ATTR_RDONLY);
	return r < 0 ? err_set(e, -r, "show the pod's /proc/%s", names[file]) : 0;
}

static int put_list(int dir, const char *name, const char *list)
{
	OWN_FREE char *line = xfmt("%s\n", list);

	return write_file_at(dir, name, line, strlen(line), 0444, false);
}

/* cpuN of the kernel's, for the pod's processors only. */
static int bind_cpu(int dir, int from, unsigned cpu)
{
	OWN_FREE char *name = xfmt("cpu%u", cpu);
	OWN_FD int kernel = openat(from, name, O_PATH | O_DIRECTORY | O_CLOEXEC), to = -1;

	if (mkdirat(dir, name, 0755) < 0)
		return -errno;
	to = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (kernel < 0 || to < 0)
		return -errno;
	return mnt_cover(kernel, to, MNT_SAFE | MOUNT_ATTR_RDONLY);
}

static int fill_cpu_dir(const struct shown *s, int dir)
{
	static const char *const lists[] = {"online", "present", "possible"};
	char list[512];
	int r = 0;

	cpus_print(&s->cpus, list, sizeof(list));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && r == 0; i++)
		r = put_list(dir, lists[i], list);
	if (r == 0)
		r = put_list(dir, "offline", "");
	return r;
}

static int show_cpu_dir(const struct shown *s, int dir, int sys, struct err *e)
{
	OWN_FD int from = open_beneath(sys, "devices/system/cpu", O_PATH | O_DIRECTORY, 0);
	OWN_FD int mine = -1, attached = -1;
	int r = mkdirat(dir, "cpu", 0755) < 0 ? -errno : 0;

	mine = openat(dir, "cpu", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0)
		r = from < 0 ? from : mine < 0 ? -errno : fill_cpu_dir(s, mine);
	if (r == 0)
		r = mnt_cover(mine, from, MNT_SAFE);
	attached = open_beneath(sys, "devices/system/cpu", O_PATH | O_DIRECTORY, 0);
	for (unsigned i = 0; i < FIGURES_CPUS && r == 0; i++)
		if (s->cpus.has[i])
			r = attached < 0 ? attached : bind_cpu(attached, from, i);
	if (r == 0)
		r = attached < 0 ? attached : mnt_close(attached);
	return r < 0 ? err_set(e, -r, "show the pod's /sys/devices/system/cpu") : 0;
}

int shown_build(struct shown *s, int dir, int proc, int sys, struct err *e)
{
	const bool wanted[SHOWN_FILES] = {
		[SHOWN_CPUINFO] = s->cpu_limited,
		[SHOWN_STAT] = s->cpu_limited,
		[SHOWN_MEMINFO] = s->memory > 0,
	};
	int r = 0;

	for (int i = 0; i < SHOWN_FILES && r == 0; i++)
		if (wanted[i])
			r = show_file(s, (enum shown_file)i, dir, proc, e);
	if (r == 0 && s->cpu_limited)
		r = show_cpu_dir(s, dir, sys, e);
	return r;
}
