/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in a pod must be unable to become; what it must not get hold of unasked. */
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* H-01 and kin: a field of our own status that must not have this value. */
struct field {
	const char *name;
	long long bad;
};

static enum verdict has_status(const void *arg)
{
	const struct field *f = arg;
	long long value = status_field(f->name, 10);

	if (value < 0)
		return untried("no field %s", f->name);
	return value == f->bad ? worked("%s is %lld", f->name, value)
			       : held("%s is %lld", f->name, value);
}

#define CAP(c) (1ull << CAP_##c)
/* What apt, adduser and chroot need of a pod's root; all of it within the pod's ids alone. */
#define ROOT_CAPS                                                                                  \
	(CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(KILL) | CAP(SETGID) |    \
	 CAP(SETUID) | CAP(SETPCAP) | CAP(NET_BIND_SERVICE) | CAP(SYS_CHROOT) | CAP(AUDIT_WRITE) | \
	 CAP(SETFCAP))

/* Effective, permitted and bounding sets may hold the short list; the caller's others never. */
static unsigned long long allowed(const char *set)
{
	if (strcmp(set, "CapBnd") == 0)
		return ROOT_CAPS; /* no_new_privs keeps a plain user from it */
	if (strcmp(set, "CapAmb") == 0 || strcmp(set, "CapInh") == 0 || getuid() != 0)
		return 0;
	return ROOT_CAPS;
}

static enum verdict has_caps(const void *set)
{
	long long value = status_field(set, 16);

	if (value < 0)
		return untried("no field %s", (const char *)set);
	return (unsigned long long)value & ~allowed(set) ? worked("%#llx", value)
							 : held("%#llx", value);
}

static enum verdict raise_caps(const void *unused)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	(void)unused;
	if (syscall(SYS_capget, &head, data) < 0)
		return untried("capget: %s", strerror(errno));
	data[0].effective |= 1u << CAP_SYS_ADMIN;
	data[0].permitted |= 1u << CAP_SYS_ADMIN;
	return unless_failed(syscall(SYS_capset, &head, data));
}

/* Regain by execve: exec as uid 0 fills the sets from the bounding set. */
static int look_after_exec(void)
{
	long long caps = status_field("CapEff", 16);

	return caps >= 0 && ((unsigned long long)caps & ~ROOT_CAPS) == 0;
}

static enum verdict become_root(const void *unused)
{
	(void)unused;
	if (getuid() != 0 && setuid(0) < 0)
		return stopped();
	return in_child(look_after_exec) == 0 ? worked("with more than the short list")
					      : held("with the short list only");
}

/* Root inside must be somebody else outside. */
static enum verdict is_host_root(const void *unused)
{
	FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, length;

	(void)unused;
	while (f && fscanf(f, "%lu %lu %lu", &inside, &outside, &length) == 3)
		if (outside == 0)
			return worked("%lu inside is host root", inside);
	return f ? held("host root is not mapped") : untried("read uid_map");
}

static enum verdict has_groups(const void *unused)
{
	int n = getgroups(0, NULL);

	(void)unused;
	return n > 0 ? worked("%d groups", n) : held("none");
}

static enum verdict set_groups(const void *unused)
{
	gid_t adm = 4;

	(void)unused;
	/* pod root may: the ids are the pod's own; a plain user never */
	if (getuid() == 0 && !is_control)
		return setgroups(0, NULL) < 0 ? stopped() : held("ids of the pod only");
	return unless_failed(setgroups(1, &adm));
}

/* H-03.  1 is less than a page and no dump; a call may be answered without being obeyed. */
static enum verdict raise_core_limit(const void *unused)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, now;

	(void)unused;
	setrlimit(RLIMIT_CORE, &all);
	if (getrlimit(RLIMIT_CORE, &now) < 0)
		return untried("getrlimit: %s", strerror(errno));
	return now.rlim_cur > 1 ? worked("%#llx", (unsigned long long)now.rlim_cur)
				: held("%llu", (unsigned long long)now.rlim_cur);
}

/*
 * At 0 nothing is written, but a core_pattern that is a program still runs, as the host's root and
 * outside of every wall; only 1 stops it (core(5)).  The sysctl is the whole machine's, so the
 * control sets the limit and not the pattern.
 */
static enum verdict reach_core_handler(const void *unused)
{
	struct rlimit zero = {0, 0}, now;

	(void)unused;
	setrlimit(RLIMIT_CORE, &zero);
	prlimit(getpid(), RLIMIT_CORE, &zero, NULL);
	if (getrlimit(RLIMIT_CORE, &now) < 0)
		return untried("getrlimit: %s", strerror(errno));
	return now.rlim_cur != 1 ? worked("the limit is %llu", (unsigned long long)now.rlim_cur)
				 : held("the limit stays 1");
}

/* A dump would be written or piped to a program by the host's core_pattern. */
static enum verdict dump_core(const void *unused)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	const char *dir = scratch_dir();
	int status;
	pid_t pid;

	(void)unused;
	if (!dir || chdir(dir) < 0)
		return untried("no scratch directory: %s", strerror(errno));
	setrlimit(RLIMIT_CORE, &all);
	prctl(PR_SET_DUMPABLE, 1);
	pid = fork();
	if (pid == 0)
		abort();
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status))
		return untried("no crash");
	return WCOREDUMP(status) ? worked("dumped") : held("no dump");
}

static enum verdict has_descriptors(const void *unused)
{
	DIR *d = opendir("/proc/self/fd");
	char name[64], path[128];

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		int fd = atoi(entry->d_name);
		ssize_t n;

		if (fd <= 2 || fd == dirfd(d))
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, path, sizeof(path) - 1);
		path[n > 0 ? n : 0] = '\0';
		return worked("%d is %s", fd, path);
	}
	return d ? held("0, 1 and 2 alone") : untried("list /proc/self/fd");
}

extern char **environ;

static enum verdict has_environment(const void *unused)
{
	(void)unused;
	for (char **e = environ; *e; e++)
		if (strstr(*e, SECRET) || strncmp(*e, "ENVPOD_LOCK_FD", 14) == 0 ||
		    strncmp(*e, "SUDO_", 5) == 0)
			return worked("%s", *e);
	return held("built from nothing");
}

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
	return made == MANY ? worked("%d children at once", made) : held("%d children", made);
}

static int take_memory(void)
{
	size_t size = 160ul << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return STOPPED;
	memset(p, 1, size);
	return WORKED;
}

/* C-01 */
static enum verdict eat_memory(const void *unused)
{
	int status = in_child(take_memory);

	(void)unused;
	return status == 0 ? worked("160 MiB") : held("ended with %d", status);
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
	return best >= 0.5 ? worked("%.2f processors", best) : held("%.2f processors", best);
}

static enum verdict leave_processor(const void *unused)
{
	cpu_set_t set;

	(void)unused;
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	return unless_failed(sched_setaffinity(0, sizeof(set), &set));
}

#define FIELD(...)            \
	&(const struct field) \
	{                     \
		__VA_ARGS__   \
	}

const struct attack wall_attacks[] = {
	{"hardening", "new-privileges", has_status, FIELD("NoNewPrivs", 0)},
	{"hardening", "no-filter", has_status, FIELD("Seccomp", 0)},
	{"hardening", "effective-capabilities", has_caps, "CapEff"},
	{"hardening", "permitted-capabilities", has_caps, "CapPrm"},
	{"hardening", "bounding-capabilities", has_caps, "CapBnd"},
	{"hardening", "ambient-capabilities", has_caps, "CapAmb"},
	{"hardening", "inheritable-capabilities", has_caps, "CapInh"},
	{"hardening", "raise-capabilities", raise_caps, NULL},
	{"hardening", "become-root", become_root, NULL},
	{"hardening", "host-root", is_host_root, NULL},
	{"hardening", "inherited-groups", has_groups, NULL},
	{"hardening", "join-group", set_groups, NULL},
	{"hardening", "core-limit", raise_core_limit, NULL},
	{"hardening", "core-handler", reach_core_handler, NULL},
	{"hardening", "core-dump", dump_core, NULL},
	{"hardening", "inherited-descriptors", has_descriptors, NULL},
	{"hardening", "inherited-environment", has_environment, NULL},
	{"limits", "fork-bomb", fork_many, NULL},
	{"limits", "memory", eat_memory, NULL},
	{"limits", "processor-time", burn, NULL},
	{"limits", "other-processor", leave_processor, NULL},
	{0},
};
