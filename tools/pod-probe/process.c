/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on processes outside the pod, on its pid 1, and by what is shared between processes. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

/* The peer's number on the host; inside a pod it may be somebody else's. */
static pid_t peer_pid(void)
{
	return (pid_t)bait_number("peer");
}

static bool has_name(pid_t pid, const char *name)
{
	char path[64], comm[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return slurp(path, comm, sizeof(comm)) > 0 && strncmp(comm, name, strlen(name)) == 0;
}

static bool is_peer(pid_t pid)
{
	return has_name(pid, bait("peer-name"));
}

/* P-01 */
static enum verdict see_host_init(const void *unused)
{
	(void)unused;
	return has_name(1, bait("init")) ? opened("pid 1 is the host's") : held("pid 1 is another");
}

/* P-02 */
static enum verdict see_host_process(const void *unused)
{
	DIR *d = opendir("/proc");

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));)
		if (number_of(entry->d_name) > 1 && is_peer(number_of(entry->d_name)))
			return opened("pid %s", entry->d_name);
	return held("not listed");
}

/* Any command line but our own that holds the secret: another pod's, too. */
static enum verdict see_secret_words(const void *unused)
{
	DIR *d = opendir("/proc");
	char path[300];

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		if (number_of(entry->d_name) > 0 && holds_secret(path))
			return opened("pid %s", entry->d_name);
	}
	return held("none");
}

static enum verdict read_peer(const void *leaf)
{
	char path[512];

	leaf = bait_expand(leaf);
	if (!leaf)
		return untried("nothing is planted");
	snprintf(path, sizeof(path), "/proc/%d/%s", peer_pid(), (const char *)leaf);
	errno = 0;
	if (holds_secret(path))
		return opened("read %s", path);
	return errno ? stopped() : held("another process");
}

/* Once as the peer's user, too: its kernel id is the same in a pod. */
static enum verdict signal_peer(const void *unused)
{
	pid_t pid = peer_pid();

	(void)unused;
	if (pid < 0)
		return untried("the peer's pid is not known");
	kill(-1, SIGURG);
	if (kill(pid, SIGURG) < 0)
		return stopped();
	return is_peer(pid) ? opened("pid %d", pid) : held("another process");
}

static enum verdict trace(const void *arg)
{
	pid_t pid = strcmp(arg, "init") == 0 ? 1 : peer_pid();

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return stopped();
	return pid == 1 || is_peer(pid) ? opened("pid %d", pid) : held("another process");
}

static enum verdict trace_me(const void *unused)
{
	(void)unused;
	return unless_failed(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* EFAULT: let in, and nothing mapped there. */
static enum verdict read_memory(const void *unused)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};

	(void)unused;
	if (process_vm_readv(1, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT)
		return opened("-");
	return stopped();
}

static enum verdict steal_descriptor(const void *unused)
{
	int fd = (int)syscall(SYS_pidfd_open, 1, 0);

	(void)unused;
	if (fd < 0)
		return stopped();
	return unless_failed(syscall(SYS_pidfd_getfd, fd, 2, 0));
}

static enum verdict open_of_init(const void *leaf)
{
	char path[64], buf[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/1/%s", (const char *)leaf);
	if (readlink(path, buf, sizeof(buf)) > 0)
		return opened("followed %s", path);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return stopped();
	/* what is checked at read(2) only, such as mem, or empty, as a directory is */
	if (read(fd, buf, sizeof(buf)) < 0 && errno != EISDIR && errno != EIO)
		return stopped();
	return opened("opened %s", path);
}

/* Writing to a running program says "busy" to those who could write otherwise: they would wait. */
static enum verdict overwrite(const void *path)
{
	int fd = open(path, O_PATH);
	char again[64];

	if (fd < 0)
		return stopped();
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	if (open(again, O_WRONLY) >= 0 || errno == ETXTBSY)
		return opened("may write %s", (const char *)path);
	return stopped();
}

/* CVE-2019-5736: whoever joins the pod runs our tool for a moment; its image is on the host. */
static enum verdict overwrite_joiner(const void *unused)
{
	enum verdict v = UNTRIED;
	DIR *d = opendir("/proc");
	char path[300], name[32];

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		if (number_of(entry->d_name) <= 1 || slurp(path, name, sizeof(name)) <= 0 ||
		    (strncmp(name, "exe", 3) != 0 && strncmp(name, "pod-exec", 8) != 0))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/exe", entry->d_name);
		v = overwrite(path);
		if (v == OPEN)
			return v;
	}
	return v == UNTRIED ? untried("nobody runs our tool") : v;
}

/* The first process of that name, but pid 1; -1: none yet. */
static pid_t find_process(const char *name)
{
	DIR *d = opendir("/proc");
	pid_t pid = -1;

	for (struct dirent *entry; d && (entry = readdir(d));)
		if (number_of(entry->d_name) > 1 && has_name(number_of(entry->d_name), name))
			pid = number_of(entry->d_name);
	if (d)
		closedir(d);
	return pid;
}

/* A run that joins is one of the pod's users before its exec, and still our program. */
static enum verdict use_window(const void *name)
{
	static const char *const leaves[] = {"exe", "cwd",  "root", "fd/0", "environ",
					     "mem", "maps", "auxv", NULL};
	char path[64], buf[64];
	pid_t pid;

	while ((pid = find_process(name)) < 0)
		usleep(1000); /* guarded() ends it */
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0)
		return opened("traced %d", pid);
	for (const char *const *leaf = leaves; *leaf; leaf++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, *leaf);
		if (readlink(path, buf, sizeof(buf)) > 0 || slurp(path, buf, sizeof(buf)) > 0)
			return opened("opened %s", path);
	}
	return has_name(pid, name) ? held("nothing opened") : untried("it was gone too soon");
}

/* The terminal of the caller, by the name of whoever has one. */
static enum verdict open_terminal(const void *path)
{
	return unless_failed(open(path, O_RDWR));
}

static enum verdict enter_init(const void *kind)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/1/ns/%s", (const char *)kind);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return stopped();
	return unless_failed(setns(fd, 0));
}

static enum verdict enter_own(const void *kind)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", (const char *)kind);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return untried("open %s: %s", path, strerror(errno));
	return unless_failed(setns(fd, 0));
}

static enum verdict find_shm(const void *unused)
{
	(void)unused;
	return unless_failed(shmget((key_t)bait_number("shm"), 0, 0));
}

static enum verdict find_mq(const void *unused)
{
	(void)unused;
	return unless_failed(mq_open(bait("queue"), O_RDONLY));
}

/* The caller's session keyring would pass over fork and exec. */
static enum verdict read_key(const void *unused)
{
	char buf[64] = "";
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
			   bait("keyring"), 0);

	(void)unused;
	if (key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, buf, sizeof(buf)) < 0)
		return stopped();
	return strstr(buf, bait("secret")) ? opened("key %ld", key) : held("another key");
}

static enum verdict connect_loopback(const void *unused)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((in_port_t)bait_number("port")),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)unused;
	return unless_failed(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* N-01: any interface but our own loopback. */
static enum verdict see_interfaces(const void *unused)
{
	struct if_nameindex *list = if_nameindex();

	(void)unused;
	if (!list)
		return stopped();
	for (struct if_nameindex *i = list; i->if_index; i++)
		if (strcmp(i->if_name, "lo") != 0)
			return opened("%s", i->if_name);
	return held("lo alone");
}

/* A terminal of our own making, so that the answer comes from the filter and nobody is typed at. */
static int own_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0)
		return -1;
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	return slave;
}

static enum verdict type_into_terminal(const void *unused)
{
	int fd = own_terminal();

	(void)unused;
	if (fd < 0)
		return untried("open a terminal: %s", strerror(errno));
	return unless_failed(ioctl(fd, TIOCSTI, "x"));
}

/* ENOTTY: the request got through to a terminal that is no console. */
static enum verdict paste_into_terminal(const void *unused)
{
	int fd = own_terminal();

	(void)unused;
	if (fd < 0)
		return untried("open a terminal: %s", strerror(errno));
	if (ioctl(fd, TIOCLINUX, "\3") == 0 || errno == ENOTTY || errno == EINVAL)
		return opened("reached the terminal");
	return stopped();
}

static enum verdict raise_priority(const void *unused)
{
	(void)unused;
	return unless_failed(setpriority(PRIO_PROCESS, 0, -10));
}

static enum verdict be_realtime(const void *unused)
{
	(void)unused;
	return unless_failed(
		sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1}));
}

static enum verdict rename_host(const void *unused)
{
	(void)unused;
	return unless_failed(sethostname("escaped", 7));
}

static enum verdict rename_domain(const void *unused)
{
	(void)unused;
	return unless_failed(setdomainname("escaped", 7));
}

const struct probe process_probes[] = {
	{"process", "see-host-init", MEDIUM, "pid 1 is not that of the host", see_host_init, NULL,
	 "init"},
	{"process", "see-host-process", MEDIUM, "processes of the host are not listed",
	 see_host_process, NULL, "peer"},
	{"process", "see-other-pod", HIGH,
	 "command lines of the host and of other pods cannot be read", see_secret_words, NULL,
	 "world"},
	{"process", "peer-environ", CRITICAL,
	 "the environment of a process of the host cannot be read", read_peer, "environ", "peer"},
	{"process", "peer-root", CRITICAL, "the root of a process of the host cannot be entered",
	 read_peer, "root{file}", "peer"},
	{"process", "signal-peer", HIGH, "a process of the host cannot be signalled", signal_peer,
	 NULL, "peer"},
	{"process", "trace-peer", CRITICAL, "a process of the host cannot be traced", trace, "peer",
	 "peer"},
	{"process", "trace-init", HIGH, "pid 1 cannot be traced", trace, "init", NULL},
	{"process", "trace-me", HIGH, "nobody outside can be made a tracer", trace_me, NULL, NULL},
	{"process", "read-init-memory", HIGH,
	 "the memory of pid 1 cannot be read by process_vm_readv", read_memory, NULL, NULL},
	{"process", "steal-init-descriptor", HIGH, "no descriptor of pid 1 can be taken",
	 steal_descriptor, NULL, NULL},
	{"process", "init-root", HIGH, "/proc/1/root is closed", open_of_init, "root", NULL},
	{"process", "init-cwd", HIGH, "/proc/1/cwd is closed", open_of_init, "cwd", NULL},
	{"process", "init-exe", HIGH, "/proc/1/exe is closed", open_of_init, "exe", NULL},
	{"process", "init-fd", HIGH, "/proc/1/fd is closed", open_of_init, "fd/2", NULL},
	{"process", "init-fdinfo", HIGH, "/proc/1/fdinfo is closed", open_of_init, "fdinfo/2",
	 NULL},
	{"process", "init-environ", HIGH, "/proc/1/environ is closed", open_of_init, "environ",
	 NULL},
	{"process", "init-mem", HIGH, "/proc/1/mem is closed", open_of_init, "mem", NULL},
	{"process", "init-maps", HIGH, "/proc/1/maps is closed", open_of_init, "maps", NULL},
	{"process", "init-auxv", HIGH, "/proc/1/auxv is closed", open_of_init, "auxv", NULL},
	{"process", "init-stack", HIGH, "/proc/1/stack is closed", open_of_init, "stack", NULL},
	{"process", "init-syscall", HIGH, "/proc/1/syscall is closed", open_of_init, "syscall",
	 NULL},
	{"process", "init-task-mem", HIGH, "/proc/1/task/1/mem is closed", open_of_init,
	 "task/1/mem", NULL},
	{"process", "init-ns", HIGH, "/proc/1/ns is closed", open_of_init, "ns/mnt", NULL},
	{"process", "overwrite-init-exe", CRITICAL, "the program of pid 1 cannot be overwritten",
	 overwrite, "/proc/1/exe", NULL},
	{"joiner", "overwrite-joiner-exe", CRITICAL,
	 "the program of a joining run cannot be overwritten", overwrite_joiner, NULL, "world"},
	{"window", "window-before-exec", HIGH,
	 "a joining run cannot be got hold of before its exec", use_window, "envpod-exec", "world"},
	{"terminal", "caller-terminal", HIGH,
	 "the controlling terminal of the caller cannot be opened", open_terminal, "/dev/tty",
	 "world"},
	{"process", "enter-init-mnt", CRITICAL, "the mount namespace of pid 1 cannot be entered",
	 enter_init, "mnt", NULL},
	{"process", "enter-init-net", CRITICAL, "the network namespace of pid 1 cannot be entered",
	 enter_init, "net", NULL},
	{"process", "enter-init-uts", HIGH, "the uts namespace of pid 1 cannot be entered",
	 enter_init, "uts", NULL},
	{"process", "enter-own-uts", HIGH, "setns into the own uts namespace is closed", enter_own,
	 "uts", NULL},
	{"process", "enter-own-net", HIGH, "setns into the own network namespace is closed",
	 enter_own, "net", NULL},
	{"process", "host-shared-memory", HIGH, "shared memory of the host is out of reach",
	 find_shm, NULL, "shm"},
	{"process", "host-message-queue", HIGH, "message queues of the host are out of reach",
	 find_mq, NULL, "queue"},
	{"process", "host-key", HIGH, "the keyring of the caller is out of reach", read_key, NULL,
	 "keyring"},
	{"process", "host-loopback", CRITICAL,
	 "servers on the loopback of the host are out of reach", connect_loopback, NULL, "port"},
	{"process", "host-interfaces", HIGH, "network interfaces of the host are not there",
	 see_interfaces, NULL, "world"},
	{"process", "tiocsti", HIGH, "nothing can be typed into a terminal", type_into_terminal,
	 NULL, NULL},
	{"process", "tioclinux", HIGH, "nothing can be pasted on a console", paste_into_terminal,
	 NULL, NULL},
	{"process", "raise-priority", LOW, "priority cannot be raised", raise_priority, NULL, NULL},
	{"process", "realtime", LOW, "real-time scheduling is closed", be_realtime, NULL, NULL},
	{"process", "hostname", LOW, "the host name cannot be changed", rename_host, NULL, NULL},
	{"process", "domainname", LOW, "the domain name cannot be changed", rename_domain, NULL,
	 NULL},
	{0},
};
