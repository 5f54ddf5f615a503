/* SPDX-License-Identifier: Apache-2.0 */
/* What a process in a pod must be unable to become; what it must not get hold of unasked. */
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

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

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
	return value == f->bad ? opened("%s is %lld", f->name, value)
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
	return (unsigned long long)value & ~allowed(set) ? opened("%#llx", value)
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
	return in_child(look_after_exec) == 0 ? opened("with more than the short list")
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
			return opened("%lu inside is host root", inside);
	return f ? held("host root is not mapped") : untried("read uid_map");
}

static enum verdict has_groups(const void *unused)
{
	int n = getgroups(0, NULL);

	(void)unused;
	return n > 0 ? opened("%d groups", n) : held("none");
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
	return now.rlim_cur > 1 ? opened("%#llx", (unsigned long long)now.rlim_cur)
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
	return now.rlim_cur != 1 ? opened("the limit is %llu", (unsigned long long)now.rlim_cur)
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
	return WCOREDUMP(status) ? opened("dumped") : held("no dump");
}

static enum verdict has_descriptors(const void *unused)
{
	DIR *d = opendir("/proc/self/fd");
	char name[64], path[128];

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		int fd = number_of(entry->d_name);
		ssize_t n;

		if (fd <= 2 || fd == dirfd(d))
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, path, sizeof(path) - 1);
		path[n > 0 ? n : 0] = '\0';
		return opened("%d is %s", fd, path);
	}
	return d ? held("0, 1 and 2 alone") : untried("list /proc/self/fd");
}

extern char **environ;

static enum verdict has_environment(const void *unused)
{
	(void)unused;
	for (char **e = environ; *e; e++)
		if (strstr(*e, bait("secret")) || strncmp(*e, "ENVPOD_LOCK_FD", 14) == 0 ||
		    strncmp(*e, "SUDO_", 5) == 0)
			return opened("%s", *e);
	return held("built from nothing");
}

#define FIELD(...)            \
	&(const struct field) \
	{                     \
		__VA_ARGS__   \
	}

/* Its answer is replaced: who a run is by default stands in the plan. */
static enum verdict host_judges(const void *unused)
{
	(void)unused;
	return untried("only the host can tell");
}

const struct probe hardening_probes[] = {
	{"hardening", "default-user", MEDIUM, "runs are no root unless they ask for it",
	 host_judges, NULL, "judge"},
	{"hardening", "new-privileges", CRITICAL, "no_new_privs is set", has_status,
	 FIELD("NoNewPrivs", 0), NULL},
	{"hardening", "no-filter", CRITICAL, "the system call filter is on", has_status,
	 FIELD("Seccomp", 0), NULL},
	{"hardening", "effective-capabilities", CRITICAL,
	 "effective capabilities: none for users, the short list for root", has_caps, "CapEff",
	 NULL},
	{"hardening", "permitted-capabilities", HIGH,
	 "permitted capabilities: none for users, the short list for root", has_caps, "CapPrm",
	 NULL},
	{"hardening", "bounding-capabilities", CRITICAL, "bounding set: the short list at most",
	 has_caps, "CapBnd", NULL},
	{"hardening", "ambient-capabilities", HIGH,
	 "ambient capabilities of the caller do not come along", has_caps, "CapAmb", NULL},
	{"hardening", "inheritable-capabilities", HIGH,
	 "inheritable capabilities of the caller do not come along", has_caps, "CapInh", NULL},
	{"hardening", "raise-capabilities", CRITICAL, "no capability can be raised", raise_caps,
	 NULL, NULL},
	{"hardening", "become-root", HIGH, "exec as root regains the short list only", become_root,
	 NULL, NULL},
	{"hardening", "host-root", CRITICAL, "root of the host is not in the id map", is_host_root,
	 NULL, NULL},
	{"hardening", "inherited-groups", HIGH,
	 "supplementary groups of the caller do not come along", has_groups, NULL, NULL},
	{"hardening", "join-group", HIGH, "groups of the host cannot be joined", set_groups, NULL,
	 NULL},
	{"hardening", "core-limit", MEDIUM, "the core limit forbids dumps and stays so",
	 raise_core_limit, NULL, NULL},
	{"hardening", "core-handler", CRITICAL, "a crash reaches no core handler of the host",
	 reach_core_handler, NULL, NULL},
	{"hardening", "core-dump", MEDIUM, "a crash dumps no core", dump_core, NULL, NULL},
	{"hardening", "inherited-descriptors", HIGH, "descriptors of the caller do not come along",
	 has_descriptors, NULL, NULL},
	{"hardening", "inherited-environment", HIGH,
	 "the environment of the caller does not come along", has_environment, NULL, "secret"},
	{0},
};
