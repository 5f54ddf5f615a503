/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-exec/boot.h"
#include "tools/pod-exec/note.h"

/* How long the last words of a terminal may be on their way once the command has ended. */
#define LAST_WORDS_MS 20

static int take_signals(sigset_t *before)
{
	static const int taken[] = {SIGCHLD, SIGTERM, SIGHUP,  SIGINT,  SIGQUIT,
				    SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	sigaddset(&set, BOOT_SIGNAL_END); /* for the init, who is born with what we block */
	if (sigprocmask(SIG_BLOCK, &set, before) < 0)
		return -1;
	return fd;
}

/* A file description of our own: O_NONBLOCK must not spread to the caller's shell. */
static int open_again(int fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return again >= 0 ? again : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int plan_pty(struct relay *y, const bool tty[3], struct err *e)
{
	int shown = tty[1] ? 1 : tty[2] ? 2 : 0;

	y->streams.pty = true;
	for (int i = 0; i < 3; i++)
		y->streams.fd[i] = tty[i] ? STREAM_PTY : i;
	y->input = tty[0];
	y->term = open_again(y->input ? 0 : shown, O_RDWR);
	if (y->term < 0 || tcgetattr(y->term, &y->mode) < 0)
		return err_set(e, errno, "look at the terminal");
	ioctl(y->term, TIOCGWINSZ, &y->streams.size);
	y->streams.mode = y->mode;
	if (!y->input) /* not raw then: one of the two translates newlines, not both */
		y->streams.mode.c_oflag &= ~(tcflag_t)OPOST;
	y->pumps[1].to = open_again(shown, O_WRONLY);
	if (y->input)
		y->pumps[0].from = open_again(0, O_RDONLY);
	return 0;
}

static int plan_pipes(struct relay *y, const bool tty[3], struct err *e)
{
	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (!tty[i])
			continue;
		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_set(e, errno, "make a pipe");
		y->inner[i] = y->streams.fd[i] = ends[i == 0 ? 0 : 1];
		y->pumps[i].from = i == 0 ? open_again(0, O_RDONLY) : ends[0];
		y->pumps[i].to = i == 0 ? ends[1] : open_again(i, O_WRONLY);
	}
	return 0;
}

int relay_init(struct relay *y, const char *tty, struct err *e)
{
	bool is[3] = {isatty(0), isatty(1), isatty(2)};

	*y = (struct relay){
		.streams.fd = {0, 1, 2}, .term = -1, .master = -1, .inner = {-1, -1, -1}};
	for (int i = 0; i < 3; i++)
		pump_init(&y->pumps[i]);
	y->signals = take_signals(&y->before);
	if (y->signals < 0)
		return err_set(e, errno, "take over signals");
	if (!is[0] && !is[1] && !is[2])
		return 0;
	return strcmp(tty, "never") == 0 ? plan_pipes(y, is, e) : plan_pty(y, is, e);
}

/* In the background, neither mode nor input of the terminal is ours. */
static bool in_foreground(const struct relay *y)
{
	pid_t group = tcgetpgrp(y->term);

	return group < 0 || group == getpgrp();
}

static void resize(const struct relay *y)
{
	struct winsize size;

	if (y->master >= 0 && ioctl(y->term, TIOCGWINSZ, &size) == 0)
		ioctl(y->master, TIOCSWINSZ, &size);
}

static void make_raw(struct relay *y)
{
	struct termios raw = y->mode;

	if (y->raw || !y->input || y->master < 0 || !in_foreground(y))
		return;
	cfmakeraw(&raw);
	y->raw = tcsetattr(y->term, TCSADRAIN, &raw) == 0;
	resize(y);
}

static void make_cooked(struct relay *y)
{
	if (y->raw && in_foreground(y))
		tcsetattr(y->term, TCSANOW, &y->mode);
	y->raw = false;
}

void relay_finish(struct relay *y)
{
	make_cooked(y);
	for (int i = 0; i < 3; i++) {
		pump_finish(&y->pumps[i]);
		own_close(&y->inner[i]);
	}
	own_close(&y->term);
	own_close(&y->master);
	own_close(&y->signals);
	sigprocmask(SIG_SETMASK, &y->before, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* A signal for the command alone, or for the process group it leads. */
static void pass_on(const struct relay *y, int sig, bool group)
{
	pid_t pid = y->command->pid;

	if (y->streams.pty)
		note_send(y->command->notes, group ? NOTE_SIGNAL_GROUP : NOTE_SIGNAL, sig, -1);
	else if (!group || kill(-pid, sig) < 0)
		kill(pid, sig);
}

/*
 * Would somebody continue us?  Not in the process group of a session leader, whose parent lives
 * in another session; a shell with job control gives every job a group of its own.
 */
static bool may_stop(void)
{
	return getpgrp() != getsid(0) && getsid(getppid()) == getsid(0);
}

/* The command has stopped: so do we, and whoever is in our job. */
static void stop_with_it(struct relay *y)
{
	if (may_stop()) {
		make_cooked(y);
		kill(0, SIGSTOP);
		make_raw(y);
	}
	pass_on(y, SIGCONT, true);
}

static void take_stop(struct relay *y)
{
	if (y->streams.pty) {
		pass_on(y, SIGTSTP, true); /* its leader tells us when it has stopped */
		return;
	}
	if (!may_stop())
		return;
	pass_on(y, SIGSTOP, true);
	raise(SIGSTOP);
	pass_on(y, SIGCONT, true);
}

static void take_master(struct relay *y, int fd)
{
	if (y->master >= 0 || fd < 0)
		return;
	y->master = fd;
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	y->pumps[1].from = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (y->input)
		y->pumps[0].to = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	make_raw(y);
}

static bool take_note(struct relay *y)
{
	struct note n;

	if (note_receive(y->command->notes, &n, 0) != 1)
		return false;
	switch (n.kind) {
	case NOTE_PTY:
		take_master(y, take_fd(&n.fd));
		break;
	case NOTE_PID:
		y->pid = n.sender;
		break;
	case NOTE_STOPPED:
		stop_with_it(y);
		break;
	case NOTE_ENDED:
		y->ended = true;
		y->status = n.value;
		break;
	default:
		break;
	}
	own_close(&n.fd);
	return true;
}

static void take_notes(struct relay *y)
{
	while (y->command->notes >= 0 && take_note(y))
		;
}

static void take_end(struct relay *y)
{
	int status;

	if (y->command->pid <= 0 || waitpid(y->command->pid, &status, WNOHANG) != y->command->pid)
		return;
	take_notes(y);
	if (!y->ended)
		y->status = status;
	y->ended = true;
	y->command->pid = -1;
}

static void take_signal(struct relay *y)
{
	struct signalfd_siginfo si;

	while (read(y->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGCHLD)
			take_end(y);
		else if (y->command->pid <= 0)
			return;
		else if (sig == SIGWINCH)
			resize(y);
		else if (sig == SIGCONT)
			make_raw(y);
		else if (sig == SIGTSTP)
			take_stop(y);
		else /* from the terminal it means the whole group, as it would have outside */
			pass_on(y, sig, si.ssi_code == SI_KERNEL);
	}
}

/* The exec closes this pipe; a failure before it writes why. */
static void take_start(struct relay *y)
{
	ssize_t n = read_full(y->command->fail, &y->failed, sizeof(y->failed));

	if (n != (ssize_t)sizeof(y->failed))
		y->failed = (struct err){0};
	own_close(&y->command->fail);
	y->command->fail = -1;
	if (y->failed.code)
		return;
	y->started = true;
	y->on_start(y->arg, y->pid);
}

static void last_words(struct relay *y)
{
	for (int i = 1; i < 3; i++) {
		struct pollfd p[2];
		struct pump *pump = &y->pumps[i];

		while (pump_open(pump) && pump->from >= 0) {
			pump_poll(pump, false, p);
			/* what is read already is written whatever it takes */
			if (poll(p, 2, p[1].fd >= 0 ? -1 : LAST_WORDS_MS) == 0)
				break;
			pump_move(pump, p);
		}
	}
}

static void turn(struct relay *y)
{
	struct pollfd p[9] = {{.fd = y->signals, .events = POLLIN},
			      {.fd = y->command->notes, .events = POLLIN},
			      {.fd = y->command->fail, .events = POLLIN}};

	for (int i = 0; i < 3; i++)
		pump_poll(&y->pumps[i], i == 0 && y->input && !y->raw, &p[3 + 2 * i]);
	if (poll(p, 9, -1) < 0)
		return;
	for (int i = 0; i < 3; i++)
		pump_move(&y->pumps[i], &p[3 + 2 * i]);
	if (p[1].revents)
		take_notes(y);
	if (p[1].revents & POLLHUP) {
		own_close(&y->command->notes);
		y->command->notes = -1;
	}
	if (p[2].revents)
		take_start(y);
	if (p[0].revents)
		take_signal(y);
}

void relay_run(struct relay *y, struct command *c)
{
	y->command = c;
	y->pid = c->pid;
	for (int i = 0; i < 3; i++) {
		own_close(&y->inner[i]);
		y->inner[i] = -1;
	}
	while (c->pid > 0)
		turn(y);
	if (c->fail >= 0)
		take_start(y); /* it ended before we looked */
	last_words(y);
}
