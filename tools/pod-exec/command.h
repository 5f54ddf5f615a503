/* SPDX-License-Identifier: Apache-2.0 */
/* The command's process: born outside, it walks through every wall and then executes. */
#ifndef POD_EXEC_COMMAND_H
#define POD_EXEC_COMMAND_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "libcommon/err.h"
#include "tools/pod-exec/run.h"

/* What its descriptors 0, 1 and 2 become. */
struct streams {
	int fd[3];           /* a descriptor of ours, or STREAM_PTY */
	bool pty;            /* a terminal of the pod is needed */
	struct termios mode; /* for that terminal */
	struct winsize size;
};

#define STREAM_PTY (-1)

struct command {
	pid_t pid; /* its own, or its session leader's where there is a terminal */
	int fail;  /* a struct err when it failed before the exec; closed by the exec */
	int alive; /* we hold it open; the child sees that we died */
	int notes; /* note.h, -1 without a terminal */
};

#define COMMAND_INIT                                            \
	{                                                       \
		.pid = -1, .fail = -1, .alive = -1, .notes = -1 \
	}

void command_finish(struct command *c);

/* Start it inside the namespaces of r->init. */
int command_start(const struct run *r, const struct streams *s, struct command *c, struct err *e);

/* In the child: the last step, also of session.c.  Reports to fail and ends. */
void command_exec(const struct run *r, int fail) __attribute__((noreturn));

/* In the child: die with the parent, stay unreadable; `alive` tells whether it was too late.  Again
 * after every change of credentials, which takes both back. */
int command_bind(int alive, struct err *e);

#endif
