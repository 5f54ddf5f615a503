/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This process takes connections and reads no byte of them; each is a process of its own, which
 * opens the directory anew (its owner may have moved it), locks itself down, and only then reads.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/listenfd.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-upload/cmds.h"
#include "tools/pod-upload/taker.h"

#define TAKERS      8 /* at a time; who comes then waits until one has ended */
#define DEFAULT_MAX (UINT64_C(1) << 30)

struct server {
	int listen, signals;
	unsigned takers;
	bool stop;
	const char *dir;
	uint64_t max;
};

static void __attribute__((noreturn)) be_taker(const struct server *s, int fd, pid_t parent)
{
	struct place p = PLACE_INIT;
	struct err e = {0};

	close(s->listen);
	close(s->signals);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(POD_EXIT_FAILED);
	if (place_open(&p, s->dir, s->max, &e) < 0 || place_lock_down(&p, &e) < 0) {
		say_error("%s", e.msg);
		taker_refuse(fd, "directory", e.msg);
		_exit(POD_EXIT_FAILED);
	}
	_exit(taker_run(fd, &p) < 0 ? POD_EXIT_NO : POD_EXIT_OK);
}

static void take_connection(struct server *s)
{
	OWN_FD int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	pid_t self = getpid(), pid;

	if (fd < 0)
		return;
	pid = fork();
	if (pid == 0)
		be_taker(s, fd, self);
	if (pid < 0)
		taker_refuse(fd, "busy", "no process could be started");
	else
		s->takers++;
}

static void take_signals(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->stop = s->stop || info.ssi_signo != SIGCHLD;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		s->takers--;
}

static int open_signals(struct server *s, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	for (const int *sig = (const int[]){SIGTERM, SIGINT, SIGCHLD, 0}; *sig; sig++)
		sigaddset(&set, *sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_set(e, errno, "watch signals") : 0;
}

static int serve(struct server *s, struct err *e)
{
	struct pollfd p[2] = {{.fd = s->signals, .events = POLLIN}, {.events = POLLIN}};

	while (!s->stop) {
		p[1].fd = s->takers < TAKERS ? s->listen : -1;
		p[1].revents = 0;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for connections");
		if (p[0].revents)
			take_signals(s);
		if (p[1].revents & (POLLERR | POLLHUP))
			return err_set(e, ERR_PLAIN, "the socket that was handed in has gone");
		if (p[1].revents)
			take_connection(s);
	}
	return 0;
}

int cmd_serve(int argc, char **argv)
{
	struct server s = {.dir = PLACE_DIR, .max = DEFAULT_MAX};
	uint64_t ready = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "dir", &s.dir, "DIR", "where files come to (" PLACE_DIR ")"},
		{OPT_SIZE, 0, "max", &s.max, "SIZE", "the largest file (1G)"},
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it serves"},
		{0},
	};
	const struct opt_usage usage = {"pod-upload serve [OPTION]...",
					"Take files from the socket that was handed in.", 0, 0, 0};
	int ready_fd;

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "serve takes no argument (usage: %s)", usage.line);
	ready_fd = opt_fd(ready, -1);
	s.listen = listenfd_take("upload", &e);
	if (s.listen < 0 || open_signals(&s, &e) < 0)
		return say_err(&e);
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	return serve(&s, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
