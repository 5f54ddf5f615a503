/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on processes outside the pod, on its pid 1, and by what is shared between processes. */
#include "probe.h"

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

#include "peer.h"

/* The peer's number on the host; inside a pod it may be somebody else's. */
static pid_t peer_pid(void)
{
	char buf[32];

	return slurp(PEER_PID, buf, sizeof(buf)) > 0 ? atoi(buf) : -1;
}

static bool has_name(pid_t pid, const char *name)
{
	char path[64], comm[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return slurp(path, comm, sizeof(comm)) > 0 && strncmp(comm, name, strlen(name)) == 0;
}

/* P-01 */
static enum verdict see_host_init(const void *unused)
{
	(void)unused;
	return has_name(1, HOST_INIT) ? worked("pid 1 is the host's") : held("pid 1 is another");
}

/* P-02 */
static enum verdict see_host_process(const void *unused)
{
	DIR *d = opendir("/proc");

	(void)unused;
	for (struct dirent *entry; d && (entry = readdir(d));)
		if (atoi(entry->d_name) > 1 && has_name(atoi(entry->d_name), PEER_NAME))
			return worked("pid %s", entry->d_name);
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
		if (atoi(entry->d_name) > 0 && holds_secret(path))
			return worked("pid %s", entry->d_name);
	}
	return held("none");
}

static enum verdict read_peer(const void *leaf)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", peer_pid(), (const char *)leaf);
	errno = 0;
	if (holds_secret(path))
		return worked("read %s", path);
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
	return has_name(pid, PEER_NAME) ? worked("pid %d", pid) : held("another process");
}

static enum verdict trace(const void *arg)
{
	pid_t pid = strcmp(arg, "init") == 0 ? 1 : peer_pid();

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return stopped();
	return pid == 1 || has_name(pid, PEER_NAME) ? worked("pid %d", pid)
						    : held("another process");
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
		return worked("-");
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
		return worked("followed %s", path);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return stopped();
	/* what is checked at read(2) only, such as mem, or empty, as a directory is */
	if (read(fd, buf, sizeof(buf)) < 0 && errno != EISDIR && errno != EIO)
		return stopped();
	return worked("opened %s", path);
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
		return worked("may write %s", (const char *)path);
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
		if (atoi(entry->d_name) <= 1 || slurp(path, name, sizeof(name)) <= 0 ||
		    (strncmp(name, "exe", 3) != 0 && strncmp(name, "pod-exec", 8) != 0))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/exe", entry->d_name);
		v = overwrite(path);
		if (v == WORKED)
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
		if (atoi(entry->d_name) > 1 && has_name(atoi(entry->d_name), name))
			pid = atoi(entry->d_name);
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
		return worked("traced %d", pid);
	for (const char *const *leaf = leaves; *leaf; leaf++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, *leaf);
		if (readlink(path, buf, sizeof(buf)) > 0 || slurp(path, buf, sizeof(buf)) > 0)
			return worked("opened %s", path);
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
	return unless_failed(shmget(PEER_KEY, 0, 0));
}

static enum verdict find_mq(const void *unused)
{
	(void)unused;
	return unless_failed(mq_open(PEER_MQ, O_RDONLY));
}

/* The caller's session keyring would pass over fork and exec. */
static enum verdict read_key(const void *unused)
{
	char buf[64] = "";
	long key =
		syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", PEER_NAME, 0);

	(void)unused;
	if (key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, buf, sizeof(buf)) < 0)
		return stopped();
	return strstr(buf, SECRET) ? worked("key %ld", key) : held("another key");
}

static enum verdict connect_loopback(const void *unused)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PEER_PORT),
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
			return worked("%s", i->if_name);
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
		return worked("reached the terminal");
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

const struct attack process_attacks[] = {
	{"process", "see-host-init", see_host_init, NULL},
	{"process", "see-host-process", see_host_process, NULL},
	{"process", "see-other-pod", see_secret_words, NULL},
	{"process", "peer-environ", read_peer, "environ"},
	{"process", "peer-root", read_peer, "root/tmp/secret"},
	{"process", "signal-peer", signal_peer, NULL},
	{"process", "trace-peer", trace, "peer"},
	{"process", "trace-init", trace, "init"},
	{"process", "trace-me", trace_me, NULL},
	{"process", "read-init-memory", read_memory, NULL},
	{"process", "steal-init-descriptor", steal_descriptor, NULL},
	{"process", "init-root", open_of_init, "root"},
	{"process", "init-cwd", open_of_init, "cwd"},
	{"process", "init-exe", open_of_init, "exe"},
	{"process", "init-fd", open_of_init, "fd/2"},
	{"process", "init-fdinfo", open_of_init, "fdinfo/2"},
	{"process", "init-environ", open_of_init, "environ"},
	{"process", "init-mem", open_of_init, "mem"},
	{"process", "init-maps", open_of_init, "maps"},
	{"process", "init-auxv", open_of_init, "auxv"},
	{"process", "init-stack", open_of_init, "stack"},
	{"process", "init-syscall", open_of_init, "syscall"},
	{"process", "init-task-mem", open_of_init, "task/1/mem"},
	{"process", "init-ns", open_of_init, "ns/mnt"},
	{"process", "overwrite-init-exe", overwrite, "/proc/1/exe"},
	{"joiner", "overwrite-joiner-exe", overwrite_joiner, NULL},
	{"window", "window-before-exec", use_window, "envpod-exec"},
	{"terminal", "caller-terminal", open_terminal, "/dev/tty"},
	{"process", "enter-init-mnt", enter_init, "mnt"},
	{"process", "enter-init-net", enter_init, "net"},
	{"process", "enter-init-uts", enter_init, "uts"},
	{"process", "enter-own-uts", enter_own, "uts"},
	{"process", "enter-own-net", enter_own, "net"},
	{"process", "host-shared-memory", find_shm, NULL},
	{"process", "host-message-queue", find_mq, NULL},
	{"process", "host-key", read_key, NULL},
	{"process", "host-loopback", connect_loopback, NULL},
	{"process", "host-interfaces", see_interfaces, NULL},
	{"process", "tiocsti", type_into_terminal, NULL},
	{"process", "tioclinux", paste_into_terminal, NULL},
	{"process", "raise-priority", raise_priority, NULL},
	{"process", "realtime", be_realtime, NULL},
	{"process", "hostname", rename_host, NULL},
	{"process", "domainname", rename_domain, NULL},
	{0},
};
