/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three processes: the front, which listeners talk to, locked down; the capture, which talks to
 * PipeWire, there only while somebody listens; and this one, which reads neither's bytes but a
 * wish, and begins the capture anew when it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/listenfd.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-audio/capture.h"
#include "tools/pod-audio/cmds.h"
#include "tools/pod-audio/front.h"

#define PAUSE_MS    200 /* before a capture that ended begins anew, doubled each time */
#define PAUSE_MOST  5000
#define STEADY_MS   10000 /* after so long it had been well */
#define SOUND_BYTES 65536 /* of the pipe: frames that wait for a busy front */

struct server {
	int socket, signals;
	int sound[2], wish[2]; /* capture to front, front to us */
	const char *sink;
	pid_t front, capture; /* 0: none */
	bool wanted, stop;
	int64_t begun_ms, next_ms; /* of the capture */
	int64_t pause_ms;
	bool said; /* why it ended, once */
};

static void end_with(pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(POD_EXIT_FAILED);
}

static void __attribute__((noreturn)) be_front(struct server *s, pid_t parent)
{
	struct err e = {0};

	end_with(parent);
	prctl(PR_SET_NAME, "pod-audio-front");
	close(s->sound[1]);
	close(s->wish[0]);
	close(s->signals);
	front_run(s->socket, s->sound[0], s->wish[1], &e);
	say_error("%s", e.msg);
	_exit(POD_EXIT_FAILED);
}

static void __attribute__((noreturn)) be_capture(const struct server *s, pid_t parent)
{
	struct err e = {0};

	end_with(parent);
	prctl(PR_SET_NAME, "pod-audio-hear");
	close(s->socket);
	close(s->sound[0]);
	close(s->wish[0]);
	close(s->wish[1]);
	close(s->signals);
	capture_run(s->sound[1], s->sink, &e);
	if (!s->said)
		say_warn("no sound for now: %s", e.msg);
	_exit(POD_EXIT_FAILED);
}

static int start_front(struct server *s, struct err *e)
{
	pid_t self = getpid();

	s->front = fork();
	if (s->front == 0)
		be_front(s, self);
	return s->front < 0 ? err_set(e, errno, "start a process") : 0;
}

static void start_capture(struct server *s)
{
	pid_t self = getpid();

	s->capture = fork();
	if (s->capture == 0)
		be_capture(s, self);
	if (s->capture < 0)
		s->capture = 0;
	s->begun_ms = clock_ms();
	s->next_ms = s->begun_ms + s->pause_ms;
}

/* It ended: by itself, then the next one waits; or because nobody listens. */
static void capture_ended(struct server *s)
{
	s->capture = 0;
	if (!s->wanted)
		return;
	if (clock_ms() - s->begun_ms > STEADY_MS) {
		s->pause_ms = PAUSE_MS;
		s->said = false;
	} else {
		s->said = true;
		s->pause_ms = s->pause_ms * 2 < PAUSE_MOST ? s->pause_ms * 2 : PAUSE_MOST;
	}
	s->next_ms = clock_ms() + s->pause_ms;
}

static void take_wish(struct server *s)
{
	char c[16];
	ssize_t n = read(s->wish[0], c, sizeof(c));

	if (n <= 0)
		return;
	s->wanted = c[n - 1] == '1';
	if (!s->wanted && s->capture)
		kill(s->capture, SIGKILL);
	if (s->wanted) {
		s->pause_ms = PAUSE_MS;
		s->next_ms = 0;
		s->said = false;
	}
}

static void take_signals(struct server *s)
{
	struct signalfd_siginfo info;
	pid_t pid;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->stop = s->stop || info.ssi_signo != SIGCHLD;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (pid == s->front)
			s->front = 0;
		else if (pid == s->capture)
			capture_ended(s);
	}
}

static int serve(struct server *s, struct err *e)
{
	struct pollfd p[2] = {{.fd = s->signals, .events = POLLIN},
			      {.fd = s->wish[0], .events = POLLIN}};

	while (!s->stop) {
		int64_t left = s->wanted && !s->capture ? s->next_ms - clock_ms() : INT32_MAX;

		if (left <= 0) {
			start_capture(s);
			continue;
		}
		if (poll(p, 2, left == INT32_MAX ? -1 : (int)left) < 0 && errno != EINTR)
			return err_set(e, errno, "wait");
		if (p[0].revents)
			take_signals(s);
		if (p[1].revents)
			take_wish(s);
		if (!s->front && !s->stop)
			return err_set(e, ERR_PLAIN,
				       "the process that listeners talk to has ended");
	}
	return 0;
}

static int open_all(struct server *s, struct err *e)
{
	sigset_t set;

	s->socket = listenfd_take("audio", e);
	if (s->socket < 0)
		return s->socket;
	if (pipe2(s->sound, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(s->wish, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	fcntl(s->sound[0], F_SETPIPE_SZ, SOUND_BYTES);
	sigemptyset(&set);
	for (const int *sig = (const int[]){SIGTERM, SIGINT, SIGCHLD, 0}; *sig; sig++)
		sigaddset(&set, *sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_set(e, errno, "watch signals") : 0;
}

int cmd_serve(int argc, char **argv)
{
	struct server s = {.sink = "pod-speaker", .pause_ms = PAUSE_MS};
	uint64_t ready = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "sink", &s.sink, "NAME", "whose sound (pod-speaker)"},
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it serves"},
		{0},
	};
	const struct opt_usage usage = {"pod-audio serve [OPTION]...",
					"Send what a pod plays to the listeners of a socket.", 0, 0,
					0};
	int ready_fd;

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "serve takes no argument (usage: %s)", usage.line);
	ready_fd = opt_fd(ready, -1);
	if (open_all(&s, &e) < 0 || start_front(&s, &e) < 0)
		return say_err(&e);
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	return serve(&s, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
