/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two processes stand behind a run.  This one is its parent: it forwards signals, waits, and writes
 * down how it ended, and reads nothing that a pod or a client has written.  The relay (relay.c)
 * reads all of that and can do nothing else.  When the relay dies it is started again: the terminal
 * lives on, because this process holds it open, too.
 */
#include "tools/pod-supervise/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/health.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"
#include "tools/pod-supervise/pty.h"
#include "tools/pod-supervise/slot.h"

#define RELAYS_MAX   3 /* a relay that dies more often is no accident: the run is ended */
#define CHECKERS_MAX 3
#define RESTART_MS   10000 /* for a run to end in, before it is killed and started again */

static int open_log(struct supervisor *s, struct err *e)
{
	char old[48];

	if (mkdirat(s->pod.dir, "log", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/log", s->pod.path);
	s->logdir = openat(s->pod.dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->logdir < 0)
		return err_set(e, errno, "open %s/log", s->pod.path);
	snprintf(old, sizeof(old), "%s.old", slot_name("run", s->number, "log"));
	unlinkat(s->logdir, slot_name("run", s->number, "status"), 0);
	return runlog_open(&s->relay.log, s->logdir, slot_name("run", s->number, "log"), old, e);
}

static int open_socket(struct supervisor *s, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *name = slot_name("supervise", s->number, "sock");
	mode_t mask;
	int r;

	/* By descriptor: a socket's address holds 108 bytes, a path may be longer. */
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", s->pod.run, name);
	unlinkat(s->pod.run, name, 0);
	mask = umask(0177);
	r = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (r < 0 || listen(fd, 8) < 0)
		return err_set(e, errno, "listen on %s/%s", s->pod.runpath, name);
	s->relay.listener = take_fd(&fd);
	return 0;
}

int supervisor_open(struct supervisor *s, const char *pod, struct err *e)
{
	struct err no_plan = {0};
	int r = pod_open(&s->pod, pod, e);

	if (r == 0)
		r = slot_take(&s->pod, &s->number, &s->lock, e);
	if (r == 0)
		r = open_log(s, e);
	if (r == 0)
		r = pty_open(&s->relay.master, &s->slave, e);
	if (r == 0)
		r = open_socket(s, e);
	s->relay.owner = geteuid();
	/* Without a plan there are no checks; a chain that needs one says so itself. */
	s->watched = s->number == 1 && plan_open(&s->plan, &s->pod, &no_plan) == 0 &&
		     plan_str(&s->plan, "health", NULL);
	return r;
}

void supervisor_finish(struct supervisor *s)
{
	again_finish(&s->again);
	plan_finish(&s->plan);
	pod_finish(&s->pod);
	runlog_finish(&s->relay.log);
	for (int i = 0; i < s->nkeep; i++)
		close(s->keep[i]);
	s->nkeep = 0;
	own_close(&s->lock);
	own_close(&s->logdir);
	own_close(&s->slave);
	own_close(&s->control);
	own_close(&s->relay.master);
	own_close(&s->relay.listener);
}

static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A word without '/' is looked for where tools are, then in PATH.  Returns only on failure. */
static void exec_chain(char *const *chain, struct err *e)
{
	if (!strchr(chain[0], '/')) {
		spawn_exec(chain, e);
		if (e->status != POD_EXIT_NOT_FOUND)
			return;
	}
	execvp(chain[0], chain);
	err_status(e, errno == ENOENT ? POD_EXIT_NOT_FOUND : POD_EXIT_CANNOT_RUN, errno, "run %s",
		   esc(chain[0]));
}

static void become_chain(const struct supervisor *s, bool again)
{
	struct err e = {0};
	int r;

	default_signals();
	r = pty_enter(s->slave);
	if (r < 0)
		err_status(&e, POD_EXIT_BEFORE_RUN, -r, "enter the run's terminal");
	else if (!again)
		exec_chain(s->chain, &e);
	else if (again_prepare(&s->again, s->pod.name, &e) == 0)
		exec_chain(s->again.chain.v, &e);
	say_error("%s", e.msg);
	_exit(again ? POD_EXIT_BEFORE_RUN : err_exit(&e));
}

static int status_of(int wstatus)
{
	return WIFSIGNALED(wstatus) ? POD_EXIT_SIGNAL + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* ps shows a program's words to everybody, and these may hold -e KEY=SECRET. */
static void hide_words(char *const *words)
{
	for (; *words; words++)
		memset(*words, 0, strlen(*words));
}

static int start_chain(struct supervisor *s, struct err *e)
{
	s->chain_pid = fork();
	if (s->chain_pid < 0)
		return err_set(e, errno, "start %s", s->chain[0]);
	if (s->chain_pid == 0)
		become_chain(s, false);
	if (s->watched)
		again_keep(&s->again, s->chain, s->keep, s->nkeep);
	hide_words(s->chain);
	own_close(&s->slave);
	s->slave = -1;
	for (int i = 0; i < s->nkeep; i++)
		close(s->keep[i]);
	s->nkeep = 0;
	/* The numbers will mean something else. */
	unsetenv("ENVPOD_LOCK_FD");
	unsetenv("ENVPOD_SECRETS_FD");
	return 0;
}

int supervisor_settle(const struct supervisor *s, struct err *e)
{
	OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || chdir("/") < 0 ||
	    dup2(s->relay.log.fd, 2) < 0)
		return err_set(e, errno, "let go of the terminal");
	umask(077);
	return 0;
}

/* In the child: nothing but what a relay needs stays open. */
static void become_relay(struct supervisor *s)
{
	struct relay r = s->relay;
	struct err e = {0};
	int settled = supervisor_settle(s, &e);

	s->relay = (struct relay){.log = RUNLOG_INIT, .master = -1, .listener = -1};
	supervisor_finish(
		s); /* the write end of control, too: its end means that the parent died */
	default_signals();
	prctl(PR_SET_NAME, "pod-relay");
	if (settled < 0 || relay_run(&r, &e) < 0)
		say_error("%s", e.msg);
	_exit(e.code ? POD_EXIT_FAILED : POD_EXIT_OK);
}

static int start_relay(struct supervisor *s, struct err *e)
{
	int pipefd[2];

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	own_close(&s->control);
	s->relay.control = pipefd[0];
	s->control = pipefd[1];
	s->relays++;
	s->relay_pid = fork();
	if (s->relay_pid == 0)
		become_relay(s);
	close(pipefd[0]);
	return s->relay_pid < 0 ? err_set(e, errno, "start the relay") : 0;
}

/* --- health --- */

static void become_checker(struct supervisor *s)
{
	pid_t parent = getppid();
	struct err e = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	if (supervisor_settle(s, &e) < 0)
		say_error("%s", e.msg);
	own_close(&s->lock); /* or who looks whether the run lives would take us for it */
	own_close(&s->relay.master);
	own_close(&s->relay.listener);
	own_close(&s->control);
	checker_run(&s->pod, &s->plan, &s->restarts);
}

static int start_checker(struct supervisor *s, struct err *e)
{
	s->checkers++;
	s->checker_pid = fork();
	if (s->checker_pid == 0)
		become_checker(s);
	return s->checker_pid < 0
		       ? err_set(e, errno, "look after the health of pod %s", s->pod.name)
		       : 0;
}

static void end_checker(struct supervisor *s)
{
	if (s->checker_pid > 0) {
		kill(s->checker_pid, SIGKILL);
		waitpid(s->checker_pid, NULL, 0);
	}
	s->checker_pid = 0;
	if (s->watched)
		health_forget(&s->pod);
}

/* It ends by itself only where the plan is none. */
static void mend_checker(struct supervisor *s, int wstatus)
{
	struct err e = {0};

	s->checker_pid = 0;
	say_error("nobody looks after the health of pod %s: its checker ended (status %d)",
		  s->pod.name, status_of(wstatus));
	if (s->checkers < CHECKERS_MAX && start_checker(s, &e) < 0)
		say_error("%s", e.msg);
}

/* The checks begin anew with the run. */
static void ask_to_restart(struct supervisor *s)
{
	if (s->status >= 0 || s->restarting || s->stopping || !s->watched)
		return;
	end_checker(s);
	s->checkers = 0;
	s->restarting = true;
	s->patience = clock_ms() + RESTART_MS;
	kill(s->chain_pid, SIGTERM);
}

static int start_again(struct supervisor *s, struct err *e)
{
	s->slave = pty_again(s->relay.master, e);
	if (s->slave < 0)
		return s->slave;
	s->chain_pid = fork();
	if (s->chain_pid < 0)
		return err_set(e, errno, "start run %u again", s->number);
	if (s->chain_pid == 0)
		become_chain(s, true);
	own_close(&s->slave);
	s->slave = -1;
	return start_checker(s, e);
}

static void restart(struct supervisor *s)
{
	int ended = s->status;
	struct err e = {0};

	s->restarting = false;
	s->status = -1;
	restarts_add(&s->restarts, clock_ms());
	say_warn("run %u is started again: a check of its health failed", s->number);
	if (start_again(s, &e) == 0)
		return;
	say_error("%s", e.msg);
	s->status = ended;
}

static int record_start(const struct supervisor *s, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, s->pod.name, "supervise", "supervise_start");
	event_num(&ev, "run", s->number);
	event_num(&ev, "pid", getpid());
	return record_event(&ev, false, e);
}

static void block_signals(sigset_t *set)
{
	static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD, SIGPIPE, SIGUSR1};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(set, taken[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
}

int supervisor_start(struct supervisor *s, struct err *e)
{
	sigset_t set;
	int r = record_start(s, e);

	if (r < 0)
		return r;
	default_signals(); /* a caller's ignored SIGCHLD would lose us the exit status */
	block_signals(&set);
	r = slot_fill(s->lock, getpid(), e);
	if (r == 0)
		r = start_chain(s, e);
	if (r == 0)
		r = start_relay(s, e);
	if (r == 0 && s->watched)
		r = start_checker(s, e);
	return r;
}

/* A relay ends by itself only after the run: this one was killed, or met a bug. */
static void mend_relay(struct supervisor *s, int wstatus)
{
	struct err e = {0};

	s->relay_pid = -1;
	if (s->status >= 0)
		return;
	say_error("the relay of run %u died (status %d)", s->number, status_of(wstatus));
	if (s->relays < RELAYS_MAX && start_relay(s, &e) == 0)
		return;
	/* Without a relay nobody reads the terminal, and the run would stall for ever. */
	kill(s->chain_pid, SIGTERM);
	own_close(&s->relay.master);
	s->relay.master = -1;
}

static void reap(struct supervisor *s)
{
	int wstatus;
	pid_t pid;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
		if (pid == s->relay_pid)
			mend_relay(s, wstatus);
		else if (pid == s->checker_pid)
			mend_checker(s, wstatus);
		else if (pid == s->chain_pid)
			s->status = status_of(wstatus);
	}
}

/* SIGTERM and SIGINT are the run's; SIGQUIT, sent by stop at last, does not ask it. */
static void take_signal(struct supervisor *s, int sig)
{
	if (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT) {
		/* Whoever is to end is not looked after any more, nor started again. */
		s->restarting = false;
		s->stopping = true;
		end_checker(s);
	}
	if (sig == SIGCHLD)
		reap(s);
	else if (sig == SIGUSR1)
		ask_to_restart(s);
	else if (s->status < 0 && (sig == SIGTERM || sig == SIGINT))
		kill(s->chain_pid, SIGTERM);
	else if (s->status < 0 && sig == SIGQUIT)
		kill(s->chain_pid, SIGKILL);
}

/* Tell the relay and wait for it: all output is in the log and with the clients afterwards. */
static void end_relay(struct supervisor *s, const sigset_t *set)
{
	const struct timespec patience = {.tv_sec = 5};
	unsigned char byte = (unsigned char)s->status;

	if (s->relay_pid > 0 && write(s->control, &byte, 1) < 0)
		kill(s->relay_pid, SIGKILL);
	while (s->relay_pid > 0) {
		int sig = sigtimedwait(set, NULL, &patience);

		if (sig < 0 && errno == EAGAIN)
			kill(s->relay_pid, SIGKILL);
		reap(s);
	}
}

static void pass_over(int sig)
{
	(void)sig;
}

/* From here on nothing is waited for, and a stand-in pod-audit must not inherit a blocked mask. */
static void unblock_signals(const sigset_t *set)
{
	const struct sigaction nothing = {.sa_handler = pass_over, .sa_flags = SA_RESTART};

	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(set, sig) == 1 && sig != SIGCHLD)
			sigaction(sig, &nothing, NULL);
	sigprocmask(SIG_UNBLOCK, set, NULL);
}

static void write_status(const struct supervisor *s)
{
	char now[UNIT_TIME_LEN], text[64];
	int n, r;

	unit_now(now);
	n = snprintf(text, sizeof(text), "%d %s\n", s->status, now);
	r = write_file_at(s->logdir, slot_name("run", s->number, "status"), text, (size_t)n, 0600,
			  false);
	if (r < 0)
		say_error("write %s/log/run.status: %s", s->pod.path, strerror(-r));
}

static void record_end(const struct supervisor *s, int64_t ms)
{
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, s->pod.name, "supervise", "supervise_end");
	event_num(&ev, "run", s->number);
	event_num(&ev, "status", s->status);
	event_num(&ev, "duration_ms", ms);
	if (record_event(&ev, false, &e) < 0)
		say_error("%s", e.msg);
}

/* The next signal; 0 when the chain has had its time to end in. */
static int next_signal(const struct supervisor *s, const sigset_t *set)
{
	int64_t left = s->patience - clock_ms();
	struct timespec t = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

	if (!s->restarting)
		return sigwaitinfo(set, NULL);
	return left > 0 ? sigtimedwait(set, NULL, &t) : 0;
}

/* Until the chain has ended, and is not to be started again. */
static void wait_for_end(struct supervisor *s, const sigset_t *set)
{
	while (s->status < 0) {
		int sig = next_signal(s, set);

		if (sig > 0)
			take_signal(s, sig);
		else if (sig == 0 || errno == EAGAIN) {
			kill(s->chain_pid, SIGKILL);
			s->patience = clock_ms() + RESTART_MS;
		}
		if (s->status >= 0 && s->restarting)
			restart(s);
	}
	end_checker(s);
}

static int64_t boot_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int supervisor_wait(struct supervisor *s)
{
	int64_t begin = boot_ms();
	sigset_t set;

	block_signals(&set);
	reap(s);
	wait_for_end(s, &set);
	write_status(s); /* before anybody hears of it: who attached may look right away */
	end_relay(s, &set);
	unblock_signals(&set);
	record_end(s, boot_ms() - begin);
	slot_release(&s->pod, s->number);
	return s->status;
}
