/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_device.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/finding.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-exec/landlock.h"

enum verdict { VERDICT_PASS, VERDICT_WARN, VERDICT_FAIL };

struct check {
	const char *name;
	enum verdict (*look)(char *message, size_t size);
	const char *hint; /* how to mend what did not pass */
};

static enum verdict look_root(char *message, size_t size)
{
	snprintf(message, size, geteuid() == 0 ? "root" : "not root: no pod can be run");
	return geteuid() == 0 ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict look_kernel(char *message, size_t size)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	snprintf(message, size, "Linux %s", u.release);
	return major > 5 || (major == 5 && minor >= 19) ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict look_caps(char *message, size_t size)
{
	static const int needed[] = {CAP_SYS_ADMIN, CAP_MKNOD,   CAP_CHOWN,    CAP_SETUID,
				     CAP_SETGID,    CAP_SETPCAP, CAP_NET_ADMIN};
	unsigned missing = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		missing += prctl(PR_CAPBSET_READ, needed[i], 0, 0, 0) != 1;
	snprintf(message, size,
		 missing ? "%u of the capabilities that building walls takes are missing"
			 : "all that building walls takes",
		 missing);
	return missing ? VERDICT_FAIL : VERDICT_PASS;
}

static enum verdict look_namespaces(char *message, size_t size)
{
	static const char *const names[] = {"user", "pid", "mnt", "uts", "ipc", "cgroup", "net"};
	size_t n = 0;

	snprintf(message, size, "user, pid, mount, uts, ipc, cgroup and net");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		OWN_FREE char *path = xfmt("/proc/self/ns/%s", names[i]);

		if (access(path, F_OK) == 0)
			continue;
		n += (size_t)snprintf(message + n, size - n, "%s%s",
				      n ? ", " : "missing: ", names[i]);
	}
	return n ? VERDICT_FAIL : VERDICT_PASS;
}

/* An administrator may have set the number of user or net namespaces to 0. */
static enum verdict look_namespace_limits(char *message, size_t size)
{
	static const char *const files[] = {"max_user_namespaces", "max_net_namespaces",
					    "max_pid_namespaces"};

	snprintf(message, size, "namespaces may be made");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		OWN_FREE char *path = xfmt("/proc/sys/user/%s", files[i]);
		char text[32];

		if (read_line_at(AT_FDCWD, path, text, sizeof(text)) == 0 && !strcmp(text, "0")) {
			snprintf(message, size, "user.%s is 0", files[i]);
			return VERDICT_FAIL;
		}
	}
	return VERDICT_PASS;
}

static enum verdict look_clone(char *message, size_t size)
{
	bool there = syscall(SYS_clone3, NULL, 0) < 0 && errno != ENOSYS && errno != EPERM;

	snprintf(message, size,
		 there ? "clone3, pidfd and close_range"
		       : "clone3 is missing or filtered: no pod can be run");
	return there ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict look_seccomp(char *message, size_t size)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;
	bool there = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;

	snprintf(message, size,
		 there ? "filters work" : "not built into this kernel: only profile none runs");
	return there ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict look_landlock(char *message, size_t size)
{
	int abi = landlock_abi();

	if (abi == 0)
		snprintf(message, size,
			 "off: device nodes and mounts are refused by one layer, not two");
	else if (abi < 2)
		snprintf(message, size, "ABI 1 cannot allow renames between directories: not used");
	else if (abi < 6)
		snprintf(message, size,
			 "ABI %d: on the host's network, its abstract sockets are open", abi);
	else
		snprintf(message, size, "ABI %d", abi);
	return abi >= 6 ? VERDICT_PASS : VERDICT_WARN;
}

/* What an empty answer to BPF_PROG_QUERY says: the kernel knows the kind of program. */
static enum verdict look_devices(char *message, size_t size)
{
	struct cgroup_mounts m = {0};
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int top = -1;
	int r = -ENOENT;

	if (read_file_at(AT_FDCWD, "/proc/self/mountinfo", &b, 1 << 20) == 0)
		cgroup_mounts_parse(&m, b.data, b.len);
	if (m.v2[0])
		top = open(m.v2, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top >= 0)
		r = cgroup_devices_known(top);
	snprintf(message, size,
		 r == 0 ? "cgroup2 refuses what a pod was not given"
			: "cgroup2 cannot refuse them: a pod's own /dev is the only layer");
	return r == 0 ? VERDICT_PASS : VERDICT_WARN;
}

static enum verdict look_tiocsti(char *message, size_t size)
{
	char text[8] = "1";

	read_line_at(AT_FDCWD, "/proc/sys/dev/tty/legacy_tiocsti", text, sizeof(text));
	snprintf(message, size, "dev.tty.legacy_tiocsti is %.2s; pods have terminals of their own",
		 text);
	return VERDICT_PASS;
}

static enum verdict look_dumpable(char *message, size_t size)
{
	char text[8] = "0";

	read_line_at(AT_FDCWD, "/proc/sys/fs/suid_dumpable", text, sizeof(text));
	snprintf(message, size, "fs.suid_dumpable is %.2s", text);
	return strcmp(text, "1") == 0 ? VERDICT_WARN : VERDICT_PASS;
}

static const struct check checks[] = {
	{"root", look_root, "run it with sudo"},
	{"kernel", look_kernel, "pods need Linux 5.19 or newer"},
	{"capabilities", look_caps, "in a container: give it those of a privileged one"},
	{"namespaces", look_namespaces, "a kernel built with all namespaces"},
	{"namespace-limits", look_namespace_limits,
	 "sysctl user.max_user_namespaces=65536, and so on"},
	{"clone3", look_clone, "a kernel of 5.11 or newer, no seccomp filter around envpod"},
	{"seccomp", look_seccomp, "a kernel with CONFIG_SECCOMP_FILTER"},
	{"landlock", look_landlock, "Linux 6.12 or newer, booted with landlock among lsm="},
	{"devices", look_devices, "a writable cgroup2, and CONFIG_CGROUP_BPF"},
	{"tiocsti", look_tiocsti, ""},
	{"suid-dumpable", look_dumpable,
	 "sysctl fs.suid_dumpable=0, unless core files of setuid programs are wanted"},
};

static void print(const struct check *c, enum verdict v, const char *message, bool json)
{
	static const char *const words[] = {"pass", "warn", "fail"};

	finding_line(&(struct finding){c->name, "processes", words[v], message, c->hint}, json);
}

int doctor_main(bool json)
{
	int status = POD_EXIT_OK;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char message[200];
		enum verdict v = checks[i].look(message, sizeof(message));

		print(&checks[i], v, message, json);
		if (v == VERDICT_FAIL)
			status = POD_EXIT_NO;
	}
	return say_end(status);
}
