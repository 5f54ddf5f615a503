/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/slot.h"
#include "tools/pod-supervise/supervisor.h"

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int keep_fd(struct supervisor *s, const char *text, const char *option, struct err *e)
{
	uint64_t fd;

	if (!text)
		return 0;
	if (unit_u64(text, 1 << 20, &fd) < 0 || fd < 3 || fcntl((int)fd, F_GETFD) < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "%s %s is not the number of an open descriptor above 2", option,
				  text);
	s->keep[s->nkeep++] = (int)fd;
	return 0;
}

/*
 * The chain may inherit what it is told to use, the pod's lock if our caller holds it, and the
 * run's secrets, which are not for us; whatever else our caller had open would stay open for as
 * long as the run lives.
 */
static int close_others(struct supervisor *s, struct err *e)
{
	const char *lock = getenv("ENVPOD_LOCK_FD"), *secrets = getenv("ENVPOD_SECRETS_FD");
	struct err ignored = {0};
	unsigned from = 3;

	keep_fd(s, lock, "ENVPOD_LOCK_FD", &ignored);
	keep_fd(s, secrets, "ENVPOD_SECRETS_FD", &ignored);
	qsort(s->keep, (size_t)s->nkeep, sizeof(s->keep[0]), by_value);
	for (int i = 0; i < s->nkeep; i++) {
		unsigned fd = (unsigned)s->keep[i];

		if (fd > from && syscall(SYS_close_range, from, fd - 1, 0) < 0)
			return err_set(e, errno, "close inherited descriptors");
		from = fd + 1;
	}
	if (syscall(SYS_close_range, from, ~0u, 0) < 0)
		return err_set(e, errno, "close inherited descriptors");
	return 0;
}

static int start(struct supervisor *s, struct err *e)
{
	int r = supervisor_start(s, e);

	if (r == 0 && !s->foreground)
		r = supervisor_settle(s, e);
	if (r < 0 && s->chain_pid > 0)
		kill(s->chain_pid, SIGKILL);
	if (r < 0)
		slot_release(&s->pod, s->number);
	return r;
}

static int supervise(struct supervisor *s)
{
	struct err e = {0};

	if (start(s, &e) < 0) {
		say_err(&e);
		return POD_EXIT_BEFORE_RUN;
	}
	return supervisor_wait(s);
}

/* The grandchild: nobody's session, nobody's child.  `up` hears whether the run was started. */
static void detached(struct supervisor *s, int up)
{
	unsigned char byte = POD_EXIT_OK;
	struct err e = {0};

	if (setsid() < 0 || fork() != 0)
		_exit(0);
	if (start(s, &e) < 0) {
		say_err(&e);
		byte = POD_EXIT_BEFORE_RUN;
	}
	if (write(up, &byte, 1) < 0)
		say_warn("the caller went away while run %u was started", s->number);
	close(up);
	if (byte == POD_EXIT_OK)
		supervisor_wait(s);
	_exit(0);
}

/* Returns in the caller, when the run was started or could not be. */
static int detach(struct supervisor *s)
{
	unsigned char byte = POD_EXIT_BEFORE_RUN;
	int up[2];
	pid_t pid;

	if (pipe2(up, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		say_error("start a supervisor: %s", strerror(errno));
		return POD_EXIT_BEFORE_RUN;
	}
	if (pid == 0) {
		close(up[0]);
		detached(s, up[1]);
	}
	close(up[1]);
	if (read(up[0], &byte, 1) != 1)
		say_error("start a supervisor: it died");
	close(up[0]);
	waitpid(pid, NULL, 0);
	return byte;
}

static int cmd_run_with(struct supervisor *s, const char *ready, const char *status, char **argv)
{
	struct err e = {0};

	if (keep_fd(s, ready, "--ready-fd", &e) < 0 || keep_fd(s, status, "--status-fd", &e) < 0)
		return say_err(&e);
	if (close_others(s, &e) < 0 || supervisor_open(s, argv[0], &e) < 0) {
		int exit_status = say_err(&e);

		return exit_status == POD_EXIT_USAGE ? exit_status : POD_EXIT_BEFORE_RUN;
	}
	s->chain = argv + 1;
	return s->foreground ? supervise(s) : detach(s);
}

int cmd_run(int argc, char **argv)
{
	OWN(supervisor_finish)
	struct supervisor s = {.pod = POD_INIT,
			       .lock = -1,
			       .logdir = -1,
			       .slave = -1,
			       .control = -1,
			       .status = -1,
			       .relay = {.master = -1, .listener = -1, .log = RUNLOG_INIT}};
	const char *ready = NULL, *status = NULL;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "foreground", &s.foreground, NULL,
		 "stay, and end with the run's status"},
		{OPT_STR, 0, "ready-fd", &ready, "N", "keep descriptor N open for the chain alone"},
		{OPT_STR, 0, "status-fd", &status, "N",
		 "keep descriptor N open for the chain alone"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-supervise run [OPTION]... POD -- COMMAND [ARGUMENT]...",
		"Run a command on a terminal of its own, in the background.", 2, 0, 2};

	opt_parse(opts, &usage, argc, argv);
	return cmd_run_with(&s, ready, status, argv);
}
