/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/listen.h"
#include "libcommon/own.h"
#include "libcommon/spawn.h"

#define SOCKET      "neighbour"
#define PATIENCE_MS 10000

/* Anybody may write to it who finds it. */
static int open_neighbour(struct beside *b, const struct throwaway *t, struct planted *p,
			  struct err *e)
{
	OWN_FD int run = open(t->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FREE char *path = xfmt("%s/" SOCKET, t->run);

	b->socket = run < 0 ? err_set(e, errno, "open %s", t->run)
			    : listen_in(run, SOCKET, SOCK_STREAM, 0, e);
	if (b->socket < 0)
		return b->socket;
	if (fchmodat(run, SOCKET, 0666, 0) < 0)
		return err_set(e, errno, "open %s to all", path);
	planted_add(p, "neighbour-socket", path);
	return 0;
}

static void __attribute__((noreturn)) be_queue(const char *pod, int ready, pid_t parent)
{
	char number[16];
	char *argv[] = {"pod-queue", "serve", "--ready-fd", number, (char *)(uintptr_t)pod, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct err e = {0};

	snprintf(number, sizeof(number), "%d", ready);
	/* Its events are of a pod that nobody remembers. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && null >= 0 &&
	    dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
	    fcntl(ready, F_SETFD, 0) == 0)
		spawn_exec(argv, &e);
	_exit(POD_EXIT_CANNOT_RUN);
}

static int start_queue(struct beside *b, const char *pod, struct err *e)
{
	struct pollfd said = {.events = POLLIN};
	const pid_t self = getpid();
	int ends[2];
	char byte;
	bool is_up;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	fflush(stdout);
	b->queue = fork();
	if (b->queue == 0)
		be_queue(pod, ends[1], self);
	close(ends[1]);
	said.fd = ends[0];
	is_up = b->queue > 0 && poll(&said, 1, PATIENCE_MS) > 0 && read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	return is_up ? 0 : err_set(e, ERR_PLAIN, "the queue of the clone does not start");
}

int beside_start(struct beside *b, const struct throwaway *t, const struct plan *pl,
		 struct planted *p, struct err *e)
{
	int r = open_neighbour(b, t, p, e);

	if (r == 0 && plan_is(pl, "queue.socket", "yes"))
		r = start_queue(b, t->name, e);
	return r;
}

void beside_finish(struct beside *b)
{
	own_close(&b->socket);
	if (b->queue > 0 && kill(b->queue, SIGTERM) == 0)
		waitpid(b->queue, NULL, 0);
	b->queue = 0;
}
