/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outer process while the command runs: signals go in, the terminal goes both ways, the end
 * comes out.  The caller's own terminal never enters the pod: what is one of 0, 1, 2 becomes a
 * terminal of the pod, or, under "never", a pipe.
 */
#ifndef POD_EXEC_RELAY_H
#define POD_EXEC_RELAY_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

#include "libcommon/err.h"
#include "tools/pod-exec/command.h"
#include "tools/pod-exec/pump.h"

struct relay {
	struct streams streams; /* for the command */
	int term;               /* the caller's terminal, opened anew; -1: there is none */
	bool input;             /* it is our standard input */
	bool raw;
	struct termios mode; /* as we found it */
	int master;          /* of the pod's terminal */
	int signals;         /* signalfd */
	sigset_t before;     /* what was blocked before */
	int inner[3];        /* the command's ends of pipes, -1: none */
	struct pump pumps[3];

	struct command *command;
	bool started, ended;
	pid_t pid;         /* of the command */
	int status;        /* as wait(2) tells it */
	struct err failed; /* why it was never executed; code 0 */

	void (*on_start)(void *arg, pid_t pid);
	void *arg;
};

/* Take over the signals, look at 0, 1 and 2.  tty: "auto" or "never". */
int relay_init(struct relay *y, const char *tty, struct err *e);
/* Give the terminal back as it was found. */
void relay_finish(struct relay *y);

/* Until the command has ended, or was not started: see started, status and failed. */
void relay_run(struct relay *y, struct command *c);

#endif
