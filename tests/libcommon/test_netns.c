/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, uids and the namespace they rule; root's, or skipped. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static void make_pod(struct pod *p, const char *name)
{
	OWN_FREE char *dir = xfmt("%s/pods/%s", pod_state_dir(), name);
	struct err e = {0};

	mkdir_p_at(AT_FDCWD, dir, 0700);
	ok(pod_open(p, name, &e) == 0, "pod %s: %s", name, e.msg);
}

static void numbers(struct pod *a, struct pod *b)
{
	OWN_FREE char *gone = xfmt("%s/pods/b", pod_state_dir());
	OWN_FREE char *copy =
		xfmt("cp %s/pods/a/netid %s/pods/b/netid", pod_state_dir(), pod_state_dir());
	struct err e = {0};
	int n = netid_get(a, &e), m;

	ok(n > 0 && netid_get(a, &e) == n && netid_find(a) == n, "a number, and it stays: %s",
	   e.msg);
	ok(netid_find(b) == 0, "the other has none yet");
	ok(system(copy) == 0 && netid_find(b) == 0, "a copied file claims nothing");
	m = netid_get(b, &e);
	ok(m > 0 && m != n, "its own is another");
	ok(netid_uid(n, NETID_DNS) != netid_uid(n, NETID_PROXY) &&
		   netid_uid(n, NETID_PROXY) != netid_uid(n + 1, NETID_DNS),
	   "uids do not meet");
	ok(remove_tree_at(AT_FDCWD, gone) == 0, "the other pod goes");
	pod_finish(b);
	make_pod(b, "b");
	ok(netid_get(b, &e) == m, "a new one of that name takes the free number");
}

/* Set `lo` down and up through a socket root made: who sends is judged, not who opened. */
static int set_lo(int fd)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} ask = {.head = {.nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_NEWLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		 .link = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP}};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char rest[256];
	} answer;

	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return errno;
	return recv(fd, &answer, sizeof(answer), 0) < 0 ? errno : -answer.err.error;
}

static int as_uid(uid_t uid, int fd)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(255);
		_exit(set_lo(fd));
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static ino_t inode(const char *path)
{
	struct stat st = {0};

	stat(path, &st);
	return st.st_ino;
}

static void namespaces(struct pod *p)
{
	ino_t home = inode("/proc/self/ns/net");
	struct err e = {0};
	OWN_FD int ns = netns_make(p, -1, &e), again = netns_make(p, -1, &e), fd = -1;
	struct stat a = {0}, b = {0};
	int n = netid_find(p);

	ok(ns >= 0, "a namespace: %s", e.msg);
	ok(fstat(ns, &a) == 0 && fstat(again, &b) == 0 && a.st_ino == b.st_ino, "made once");
	ok(a.st_ino != home && inode("/proc/self/ns/net") == home, "we stayed where we were");
	fd = netns_socket(ns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &e);
	ok(fd >= 0 && inode("/proc/self/ns/net") == home, "a socket from inside: %s", e.msg);
	ok(as_uid(netid_uid(n, NETID_DNS), fd) == 0, "its uid rules it, without a capability");
	ok(as_uid(netid_uid(n, NETID_PROXY), fd) == EPERM, "the relay's does not");
	ok(as_uid(65534, fd) == EPERM, "nobody else does");
	ok(netns_unpin(p, &e) == 0 && netns_open(p) < 0, "let go of: %s", e.msg);
}

static void policies(struct pod *p)
{
	struct err e = {0};
	OWN_FD int fd = policy_open(p, &e);
	struct stat st = {0};

	fstat(fd, &st);
	ok(fd >= 0 && (st.st_mode & 0777) == 0711 && st.st_uid == 0 &&
		   st.st_gid == netid_uid(netid_find(p), NETID_DNS),
	   "the policy directory lets daemons through, and nobody list it: %s", e.msg);
}

int main(void)
{
	char dir[] = "/tmp/test-netns.XXXXXX";
	OWN_FREE char *state = NULL, *run = NULL, *pin = NULL;
	struct pod a = POD_INIT, b = POD_INIT;

	if (geteuid() != 0 || !mkdtemp(dir)) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	state = xfmt("%s/state", dir);
	run = xfmt("%s/run", dir);
	setenv("ENVPOD_STATE_DIR", state, 1);
	setenv("ENVPOD_RUN_DIR", run, 1);
	make_pod(&a, "a");
	make_pod(&b, "b");
	numbers(&a, &b);
	namespaces(&a);
	policies(&a);
	pin = xfmt("%s/ns", a.runpath);
	umount2(pin, MNT_DETACH);
	pod_finish(&a);
	pod_finish(&b);
	remove_tree_at(AT_FDCWD, dir);
	return done_testing();
}
