/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/chain.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/wall.h"

#define GRACE_MS 2000 /* between the polite signal and the other */

void chain_finish(struct chain *c)
{
	buf_finish(&c->out);
	buf_finish(&c->said);
}

/* The host's own network is no wall: who runs in there now runs so already. */
static bool is_unsafe(const struct pod *p, const struct plan *pl)
{
	struct err drop = {0};
	OWN_FD int init = -1;

	return plan_is(pl, "network", "unsafe") && pod_init_pid(p, &init, &drop) > 0;
}

/* As before a run: an action that is due needs no front end, and may find nothing of the pod alive.
 */
static int network_up(const struct pod *p, const struct plan *pl, struct err *e)
{
	char *const argv[] = {"pod-net", "up", (char *)p->name, NULL};
	const struct spawn_io io = {.in = -1, .out = -1, .err = -1};
	int r;

	if (!wall_wanted(p, pl) || wall_stands(p))
		return 0;
	r = spawn_wait(argv, &io, e);
	if (r > 0)
		r = err_set(e, ERR_PLAIN, "the pod's network could not be built (pod-net up %s)",
			    p->name);
	return r;
}

static void add_outside_words(struct strv *argv, const struct chain *c)
{
	strv_add(argv, "executor");
	strv_fmt(argv, "--pod=%s", c->pod->name);
	strv_add(argv, "--");
	strv_add(argv, c->name);
}

static void add_words(struct strv *argv, const struct chain *c, bool unsafe)
{
	const char *const before[] = {"pod-mount", "enter", unsafe ? "--unsafe" : NULL};
	const char *const between[] = {"--", "pod-exec",  "--apart", "--keep-fd",
				       "3",  "--exec-fd", "4",       unsafe ? "--unsafe" : NULL};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]) && before[i]; i++)
		strv_add(argv, before[i]);
	strv_add(argv, c->pod->name);
	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]) && between[i]; i++)
		strv_add(argv, between[i]);
	strv_add(argv, c->pod->name);
	strv_add(argv, "--");
	strv_add(argv, c->name);
}

static int build_words(struct strv *argv, const struct chain *c, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	int r = plan_open(&pl, c->pod, e);

	if (r == 0)
		r = network_up(c->pod, &pl, e);
	if (r == 0 && c->outside)
		add_outside_words(argv, c);
	else if (r == 0)
		add_words(argv, c, is_unsafe(c->pod, &pl));
	return r;
}

static int open_request(const struct buf *request, struct err *e)
{
	OWN_FD int fd = memfd_create("request", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : write_full(fd, request->data, request->len);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write a request") : take_fd(&fd);
}

/* All five at once: each could lie where another belongs. */
static int place_fds(const int from[5])
{
	int high[5];

	for (int i = 0; i < 5; i++)
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 5; i++)
		if (high[i] < 0 || dup2(high[i], i) < 0)
			return -errno;
	return 0;
}

/*
 * What works outside of the pod's view is the pod's all the same: a freeze stops it, a kill ends
 * it, and it counts.  Of a pod that has no groups there is nothing that could be stopped.
 */
static int join_groups(const struct chain *c, struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	int r = cgtree_open(&t, c->pod->name, e);

	if (r < 0)
		return r;
	r = t.pod2 < 0 ? 0 : poke_at(t.pod2, "app/cgroup.procs", "0");
	for (int i = 0; i < CTL_COUNT && r == 0; i++)
		r = t.pod1[i] < 0 ? 0 : poke_at(t.pod1[i], "cgroup.procs", "0");
	return r < 0 && r != -ENOENT
		       ? err_set(e, -r, "enter the control groups of pod %s", c->pod->name)
		       : 0;
}

/* By the very descriptor that was looked at and hashed. */
static void start(const struct chain *c, char *const argv[], struct err *e)
{
	if (!c->outside) {
		spawn_exec(argv, e);
		return;
	}
	if (join_groups(c, e) < 0)
		return;
	execveat(4, "", argv, environ, AT_EMPTY_PATH);
	err_set(e, errno, "execute %s", c->name);
}

static void __attribute__((noreturn))
be_chain(const struct chain *c, char *const argv[], const int fds[5], pid_t parent)
{
	struct err e = {0};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	setsid();
	if (place_fds(fds) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(POD_EXIT_BEFORE_RUN);
	start(c, argv, &e);
	say_error("%s", e.msg);
	_exit(err_exit(&e));
}

/* --- while it runs --- */

struct watching {
	pid_t pid;
	struct pollfd p[3]; /* its output, its words, the end of the pod's init */
	int64_t end_ms;
	bool asked, killed; /* to end, politely; not so */
};

static void take(struct pollfd *p, struct buf *to, size_t max, bool keep_last, bool *over)
{
	char data[16384];
	ssize_t n;

	if (!p->revents)
		return;
	n = read(p->fd, data, sizeof(data));
	if (n == 0 || (n < 0 && errno != EINTR)) {
		p->fd = -1;
		return;
	}
	if (n > 0)
		buf_add(to, data, (size_t)n);
	if (to->len <= max)
		return;
	*over = !keep_last;
	memmove(to->data, to->data + to->len - max, max + 1);
	to->len = max;
}

static void end_it(struct chain *c, struct watching *w, bool late)
{
	c->late = c->late || late;
	kill(w->pid, w->asked ? SIGKILL : SIGTERM);
	if (w->asked) /* whoever has the pipes now is killed with it */
		w->p[0].fd = w->p[1].fd = -1;
	w->killed = w->asked;
	w->asked = true;
	w->end_ms = clock_ms() + GRACE_MS;
}

static void watch(struct chain *c, struct watching *w)
{
	bool drop;

	while (w->p[0].fd >= 0 || w->p[1].fd >= 0) {
		int64_t left = w->end_ms - clock_ms();

		if (left > 0 && poll(w->p, 3, (int)left) < 0)
			continue;
		take(&w->p[0], &c->out, CHAIN_OUT_MAX, false, &c->loud);
		take(&w->p[1], &c->said, CHAIN_SAID_MAX, true, &drop);
		if (w->p[2].revents) {
			w->p[2].fd = -1;
			kill(w->pid, SIGKILL);
		} else if (left <= 0 || (c->loud && !w->asked))
			end_it(c, w, !c->loud);
	}
}

/* Its output has ended; it may still be about to. */
static void reap(struct chain *c, struct watching *w)
{
	int status;

	while (waitpid(w->pid, &status, w->killed ? 0 : WNOHANG) == 0) {
		struct timespec pause = {.tv_nsec = 2000000};

		if (clock_ms() > w->end_ms)
			end_it(c, w, true);
		nanosleep(&pause, NULL);
	}
	c->status = WIFSIGNALED(status) ? POD_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

int chain_run(struct chain *c, struct err *e)
{
	OWN_STRV struct strv argv = {0};
	OWN_FD int in = open_request(c->request, e), out = -1, said = -1, init = -1;
	struct err ignored = {0};
	int o[2], x[2];
	struct watching w = {.end_ms = clock_ms() + 1000 * (int64_t)c->seconds};
	pid_t self = getpid();

	if (in < 0)
		return in;
	if (build_words(&argv, c, e) < 0)
		return -e->code;
	if (c->outside) /* in the view it ends with the pod anyway */
		pod_init_pid(c->pod, &init, &ignored);
	if (pipe2(o, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	out = o[0];
	OWN_FD int to_out = o[1];
	if (pipe2(x, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	said = x[0];
	w.pid = fork();
	if (w.pid == 0)
		be_chain(c, argv.v, (int[]){in, to_out, x[1], c->keep, c->exec}, self);
	close(x[1]);
	own_close(&to_out);
	to_out = -1;
	if (w.pid < 0)
		return err_set(e, errno, "start an executor");
	w.p[2] = (struct pollfd){.fd = init, .events = POLLIN};
	w.p[0] = (struct pollfd){.fd = out, .events = POLLIN};
	w.p[1] = (struct pollfd){.fd = said, .events = POLLIN};
	watch(c, &w);
	reap(c, &w);
	return 0;
}

bool chain_frozen(const struct pod *p)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};

	return cgtree_open(&t, p->name, &ignored) == 0 && t.pod2 >= 0 &&
	       cgroup_stat(t.pod2, "app/cgroup.events", "frozen", 0) == 1;
}

/* Its last words, in one line. */
static void add_said(const struct buf *said, struct buf *out)
{
	OWN_FREE char *text = xfmt("%s", said->data);

	for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
		text[n - 1] = '\0';
	buf_str(out, ": ");
	buf_esc(out, text);
}

void chain_explain(const struct chain *c, struct buf *out)
{
	if (c->late)
		buf_fmt(out, "the executor was ended after %u seconds", c->seconds);
	else if (c->loud)
		buf_fmt(out, "the executor said more than %u bytes", CHAIN_OUT_MAX);
	else
		buf_fmt(out, "the executor ended with status %d", c->status);
	if (c->said.len > 0)
		add_said(&c->said, out);
}
