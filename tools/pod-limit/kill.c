/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.kill takes everything at once, whatever forks meanwhile.  Where it is missing (before
 * 5.14, or no cgroup2) each listed process is killed, until none is left; the pod's init goes by
 * its pidfd in any case, and its pid namespace with it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-limit/limit.h"

#define KILL_MS  10000
#define ROUND_MS 20
#define RENEW_MS 1000 /* for the last exits to settle */

static const char *const subs[] = {"app", "guardian"};

size_t procs_each(int dirfd, const char *sub, void (*act)(pid_t pid))
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FREE char *file = xfmt("%s/cgroup.procs", sub);
	size_t n = 0;

	if (dirfd < 0 || read_file_at(dirfd, file, &b, 4 << 20) < 0)
		return 0;
	for (char *line = b.data; line && *line; n++) {
		pid_t pid = (pid_t)strtol(line, &line, 10);

		if (act && pid > 1)
			act(pid);
		line += strspn(line, "\n");
	}
	return n;
}

static void kill_pid(pid_t pid)
{
	kill(pid, SIGKILL);
}

static size_t each_v1(const struct cgtree *t, void (*act)(pid_t pid))
{
	size_t n = 0;

	for (int c = 0; c < CTL_COUNT; c++) {
		size_t here = procs_each(t->pod1[c], ".", act);

		n = here > n ? here : n;
	}
	return n;
}

static size_t each(const struct cgtree *t, void (*act)(pid_t pid))
{
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		n += procs_each(t->pod2, subs[i], act);
	return n > 0 ? n : each_v1(t, act);
}

/* Frozen first, so that a fork bomb cannot outrun the list; a v2 frozen task dies by SIGKILL. */
static int kill_by_hand(const struct cgtree *t)
{
	for (int waited = 0; waited < KILL_MS; waited += ROUND_MS) {
		if (t->pod2 >= 0)
			poke_at(t->pod2, "cgroup.freeze", "1");
		each(t, kill_pid);
		if (t->pod2 >= 0)
			poke_at(t->pod2, "cgroup.freeze", "0");
		if (cgtree_wait_empty(t, ROUND_MS) == 0)
			return 0;
	}
	return -EBUSY;
}

static int kill_groups(const struct cgtree *t)
{
	int r = t->pod2 < 0 ? -ENOENT : poke_at(t->pod2, "cgroup.kill", "1");

	return r == 0 ? cgtree_wait_empty(t, KILL_MS) : kill_by_hand(t);
}

static int kill_init(const struct pod *p)
{
	OWN_FD int fd = -1;
	struct pollfd gone = {.events = POLLIN};
	struct err e = {0};
	pid_t pid = pod_init_pid(p, &fd, &e);

	if (pid <= 0)
		return pid;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return -errno;
	gone.fd = fd;
	return poll(&gone, 1, KILL_MS) == 1 ? 0 : -ETIMEDOUT;
}

/* A run that came meanwhile is none of those that were to end: it keeps its groups. */
static int renew(struct cgtree *t)
{
	int r = cgtree_renew_v2(t, RENEW_MS);

	return r == -EBUSY && cgtree_populated(t) ? 0 : r;
}

static int kill_pod(const struct pod *p, struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	OWN_EVENT struct event ev = {0};
	size_t n;
	int r = cgtree_open(&t, p->name, e);

	if (r < 0)
		return r;
	n = each(&t, NULL);
	r = kill_groups(&t);
	if (r == 0)
		r = kill_init(p);
	/* Neither a freeze nor the kill itself may outlive the processes: they would meet the next
	 * run before its first instruction. */
	if (r == 0)
		r = renew(&t);
	if (r < 0)
		return err_set(e, -r,
			       "pod %s: some processes are still there after SIGKILL (stuck in the "
			       "kernel?)",
			       p->name);
	event_init(&ev, p->name, "limit", "kill");
	event_num(&ev, "processes", (int64_t)n);
	return record_event(&ev, true, e);
}

int cmd_kill(int argc, char **argv)
{
	const struct opt_usage usage = {"pod-limit kill POD",
					"End every process of the pod; its files stay.", 1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	opt_parse(NULL, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || kill_pod(&p, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
