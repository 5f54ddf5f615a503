/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod may learn of the host, and must not. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

static bool says_something(const char *path)
{
	char buf[64];
	struct stat st;
	DIR *d;
	int entries = 0;

	if (stat(path, &st) < 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		return slurp(path, buf, sizeof(buf)) > 0;
	d = opendir(path);
	while (d && readdir(d))
		entries++;
	if (d)
		closedir(d);
	return entries > 2;
}

/* No kernel has them all: the control must find some, a pod none. */
static enum verdict any_of(const void *list)
{
	static char names[160];
	const char *const *path = list;

	names[0] = '\0';
	for (; *path; path++)
		if (says_something(*path))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
				 *path);
	return names[0] ? opened("read%s", names) : held("none");
}

static enum verdict one(const void *path)
{
	return says_something(path) ? opened("read %s", (const char *)path) : held("nothing there");
}

/* I-04 */
static enum verdict learn_hostname(const void *unused)
{
	char name[65] = "";

	(void)unused;
	gethostname(name, sizeof(name));
	return strcmp(name, bait("hostname")) == 0 ? opened("%s", name) : held("%s", name);
}

static enum verdict read_log(const void *unused)
{
	char buf[256];

	(void)unused;
	return unless_failed(klogctl(3, buf, sizeof(buf)));
}

/* Addresses of the kernel undo its randomisation. */
static enum verdict read_addresses(const void *unused)
{
	char buf[4096];

	(void)unused;
	if (slurp("/proc/kallsyms", buf, sizeof(buf)) <= 0)
		return held("nothing there");
	for (char *line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strtoull(line, NULL, 16))
			return opened("%.40s", line);
	}
	return held("zeros");
}

static enum verdict see_groups(const void *unused)
{
	char buf[4096];

	(void)unused;
	if (slurp("/proc/self/cgroup", buf, sizeof(buf)) < 0)
		return stopped();
	for (char *line = buf; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!*line)
			break;
		line = strchr(line, ':');
		line = line ? strchr(line + 1, ':') : NULL;
		if (line && line[1] == '/' && line[2] != '\n')
			return opened("%.60s", line + 1);
	}
	return held("every one is the root of its own");
}

/* The flags that every mount of a pod must have, by type of filesystem or place. */
static const char *wrong_mount(const char *place, const char *flags, const char *type)
{
	static const char *const never[] = {"debugfs", "tracefs",  "securityfs", "cgroup",
					    "cgroup2", "devtmpfs", "bpf",        NULL};

	for (const char *const *t = never; *t; t++)
		if (strcmp(type, *t) == 0)
			return "a filesystem of the host's";
	if (!strstr(flags, "nosuid") && strncmp(place, "/dev", 4) != 0)
		return "not nosuid";
	/* nodes that lie there are bound one by one; /dev holds the pod's own */
	if (!strstr(flags, "nodev") && strncmp(place, "/dev", 4) != 0 &&
	    strncmp(place, "/proc", 5) != 0 && strncmp(place, "/sys", 4) != 0)
		return "not nodev";
	if ((strncmp(place, "/sys", 4) == 0 || strncmp(place, "/proc/sys", 9) == 0) &&
	    strncmp(flags, "ro", 2) != 0)
		return "not read-only";
	return NULL;
}

/* What was wrong with the mounts so far, by their places: one on top of another hides it. */
static struct {
	char place[256], type[64];
	const char *wrong;
} bad[16];

static void judge_mount(const char *place, const char *flags, const char *type)
{
	const char *wrong = wrong_mount(place, flags, type);
	size_t at = 0;

	while (at < sizeof(bad) / sizeof(bad[0]) - 1 && bad[at].wrong &&
	       strcmp(bad[at].place, place) != 0)
		at++;
	bad[at].wrong = wrong;
	snprintf(bad[at].place, sizeof(bad[at].place), "%s", wrong ? place : "");
	snprintf(bad[at].type, sizeof(bad[at].type), "%s", type);
}

static enum verdict find_wrong_mount(const void *unused)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192], place[256], flags[256], type[64];

	(void)unused;
	while (f && fgets(line, sizeof(line), f)) {
		char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*d %*d %*s %*s %255s %255s", place, flags) != 2 ||
		    sscanf(dash, " - %63s", type) != 1)
			return untried("read %s", line);
		judge_mount(place, flags, type);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bad[i].wrong)
			return opened("%s: %s, %s", bad[i].place, bad[i].type, bad[i].wrong);
	return f ? held("all as they should be") : untried("open mountinfo");
}

/* I-02 */
static enum verdict learn_memory(const void *unused)
{
	char buf[256];
	unsigned long kib;

	(void)unused;
	if (slurp("/proc/meminfo", buf, sizeof(buf)) < 0 || sscanf(buf, "MemTotal: %lu", &kib) != 1)
		return stopped();
	return kib > 100 * 1024 ? opened("%lu KiB", kib) : held("%lu KiB", kib);
}

/* I-01, I-03: lines that start so, one for each processor. */
static int lines_of(const char *path, const char *start)
{
	FILE *f = fopen(path, "re");
	char line[8192];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strncmp(line, start, strlen(start)) == 0;
	if (f)
		fclose(f);
	return n;
}

static enum verdict learn_cpuinfo(const void *unused)
{
	int n = lines_of("/proc/cpuinfo", "processor");

	(void)unused;
	return n > 1 ? opened("%d processors", n) : held("%d processors", n);
}

static enum verdict learn_stat(const void *unused)
{
	int n = lines_of("/proc/stat", "cpu") - 1;

	(void)unused;
	return n > 1 ? opened("%d processors", n) : held("%d processors", n);
}

static enum verdict learn_online(const void *unused)
{
	char buf[64] = "";

	(void)unused;
	if (slurp("/sys/devices/system/cpu/online", buf, sizeof(buf)) < 0)
		return stopped();
	return strpbrk(buf, "-,") ? opened("%s", buf) : held("%s", buf);
}

/* The list of OCI runtimes. */
static const char *const masked_proc[] = {"/proc/acpi",
					  "/proc/asound",
					  "/proc/kcore",
					  "/proc/keys",
					  "/proc/key-users",
					  "/proc/latency_stats",
					  "/proc/timer_list",
					  "/proc/timer_stats",
					  "/proc/sched_debug",
					  "/proc/scsi",
					  NULL};
static const char *const masked_sys[] = {"/sys/firmware",
					 "/sys/kernel/debug",
					 "/sys/kernel/tracing",
					 "/sys/kernel/security",
					 "/sys/fs/cgroup",
					 "/sys/fs/bpf",
					 NULL};

const struct probe info_probes[] = {
	{"info", "host-name", LOW, "the host name is that of the pod", learn_hostname, NULL,
	 "hostname"},
	{"info", "kernel-log", MEDIUM, "the kernel log is closed", read_log, NULL, NULL},
	{"info", "kernel-addresses", MEDIUM, "kernel addresses are hidden", read_addresses, NULL,
	 NULL},
	{"info", "masked-proc", MEDIUM, "/proc: none of the masked files says anything", any_of,
	 masked_proc, NULL},
	{"info", "masked-sys", MEDIUM, "/sys: none of the masked directories holds anything",
	 any_of, masked_sys, NULL},
	{"info", "firmware", MEDIUM, "/sys/firmware is empty", one, "/sys/firmware", NULL},
	{"info", "keys", MEDIUM, "/proc/keys is empty", one, "/proc/keys", NULL},
	{"info", "timers", LOW, "/proc/timer_list is empty", one, "/proc/timer_list", NULL},
	{"info", "cgroup-path", LOW, "the cgroup path of the host is hidden", see_groups, NULL,
	 NULL},
	{"info", "host-cgroups", MEDIUM, "cgroups of the host are hidden", one, "/sys/fs/cgroup",
	 NULL},
	{"info", "mount-table", MEDIUM,
	 "every mount is nosuid, nodev, and read-only where it must be", find_wrong_mount, NULL,
	 NULL},
	{"limits", "learn-memory", MEDIUM, "the size of the memory of the host is refused",
	 learn_memory, NULL, "world"},
	{"limits", "learn-cpuinfo", MEDIUM, "the processors of the host, by cpuinfo is refused",
	 learn_cpuinfo, NULL, "world"},
	{"limits", "learn-stat", MEDIUM, "the processors of the host, by stat is refused",
	 learn_stat, NULL, "world"},
	{"limits", "learn-online", MEDIUM, "the processors of the host, by /sys is refused",
	 learn_online, NULL, "world"},
	{0},
};
