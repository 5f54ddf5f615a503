/* SPDX-License-Identifier: Apache-2.0 */
/* Ask, wait, then do not ask.  Every wait is on a pidfd: it ends the moment the run does. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/clock.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/slot.h"

#define AFTER_KILL_MS 5000 /* for supervisors to write down what happened */

/* Everything alive in the pod that stop has to end: supervisors, and the pod's pid 1. */
struct targets {
	struct pollfd fds[SLOT_MAX + 1];
	int n;
};

static void targets_finish(struct targets *t)
{
	while (t->n > 0)
		if (t->fds[--t->n].fd >= 0)
			close(t->fds[t->n].fd);
}

static void add_runs(struct targets *t, const struct pod *p, unsigned number)
{
	for (unsigned n = number ? number : 1; n <= (number ? number : SLOT_MAX); n++) {
		struct run r = RUN_INIT;

		if (run_look(p, n, &r))
			t->fds[t->n++] = (struct pollfd){.fd = r.pidfd, .events = POLLIN};
	}
}

/* Whether anybody can tell: what cannot be asked to end is forced. */
static bool add_init(struct targets *t, const struct pod *p)
{
	struct err e = {0};
	int pidfd = -1;
	pid_t pid = pod_init_pid(p, &pidfd, &e);

	if (pid > 0)
		t->fds[t->n++] = (struct pollfd){.fd = pidfd, .events = POLLIN};
	if (pid < 0)
		say_err(&e);
	return pid >= 0;
}

static void signal_all(const struct targets *t, int sig)
{
	for (int i = 0; i < t->n; i++)
		if (t->fds[i].fd >= 0)
			syscall(SYS_pidfd_send_signal, t->fds[i].fd, sig, NULL, 0);
}

static int alive(const struct targets *t)
{
	int n = 0;

	for (int i = 0; i < t->n; i++)
		n += t->fds[i].fd >= 0;
	return n;
}

/* Have all of them ended by then? */
static bool wait_all(struct targets *t, int64_t until)
{
	while (alive(t)) {
		int64_t left = until - clock_ms();
		int r = poll(t->fds, (nfds_t)t->n, left > 0 ? (int)left : 0);

		if (r == 0 || (r < 0 && errno != EINTR))
			return false;
		for (int i = 0; r > 0 && i < t->n; i++)
			if (t->fds[i].fd >= 0 && t->fds[i].revents) {
				close(t->fds[i].fd);
				t->fds[i].fd = -1;
			}
	}
	return true;
}

/* SIGTERM to all and wait; true when all are gone. */
static bool ask(struct targets *t, int64_t until)
{
	signal_all(t, SIGTERM);
	return wait_all(t, until);
}

static int force(struct targets *runs, const struct pod *p)
{
	char *argv[] = {"pod-limit", "kill", (char *)p->name, NULL};
	struct err e = {0};
	int r = spawn_wait(argv, NULL, &e);

	if (r < 0)
		say_err(&e);
	if (r == 0 && wait_all(runs, clock_ms() + AFTER_KILL_MS))
		return POD_EXIT_OK;
	/* Whatever keeps the chain from ending: its supervisor kills it. */
	signal_all(runs, SIGQUIT);
	if (wait_all(runs, clock_ms() + AFTER_KILL_MS) && r == 0)
		return POD_EXIT_OK;
	say_error("pod %s: not everything could be ended (pod-limit kill %s)", p->name, p->name);
	return POD_EXIT_FAILED;
}

/* What is frozen hears no SIGTERM, and is not let go on to hear it. */
static bool is_frozen(const struct pod *p)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};

	if (cgtree_open(&t, p->name, &ignored) < 0 || t.pod2 < 0 ||
	    cgroup_stat(t.pod2, "app/cgroup.events", "frozen", 0) != 1)
		return false;
	say_warn("pod %s is frozen: it is ended at once", p->name);
	return true;
}

static int stop(const char *pod, unsigned number, uint64_t seconds)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN(targets_finish) struct targets runs = {.n = 0}, others = {.n = 0};
	struct err e = {0};
	int64_t until;

	if (pod_open(&p, pod, &e) < 0)
		return say_err(&e);
	until = clock_ms() + (is_frozen(&p) ? 0 : (int64_t)seconds * 1000);
	add_runs(&runs, &p, number);
	if (ask(&runs, until)) {
		if (number)
			return POD_EXIT_OK;
		/* Runs that have no supervisor: in the foreground somewhere, or left behind. */
		if (add_init(&others, &p) && ask(&others, until))
			return POD_EXIT_OK;
	}
	if (number) {
		signal_all(&runs, SIGQUIT);
		return wait_all(&runs, clock_ms() + AFTER_KILL_MS) ? POD_EXIT_OK : POD_EXIT_FAILED;
	}
	return force(&runs, &p);
}

int cmd_stop(int argc, char **argv)
{
	uint64_t seconds = 10, number = 0;
	const struct opt opts[] = {
		{OPT_U64, 't', "timeout", &seconds, "SECONDS", "then SIGKILL (10)"},
		{OPT_U64, 'r', "run", &number, "N", "this background run only"},
		{0},
	};
	const struct opt_usage usage = {"pod-supervise stop [OPTION]... POD",
					"End a pod's runs: SIGTERM, then SIGKILL.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (number > SLOT_MAX || seconds > 86400)
		die(POD_EXIT_USAGE, "--run is at most %d, --timeout at most 86400", SLOT_MAX);
	return stop(argv[0], (unsigned)number, seconds);
}
