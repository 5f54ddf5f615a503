/* SPDX-License-Identifier: Apache-2.0 */
/* The resident parent of one background run. */
#ifndef POD_SUPERVISE_SUPERVISOR_H
#define POD_SUPERVISE_SUPERVISOR_H

#include <stdbool.h>

#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-supervise/again.h"
#include "tools/pod-supervise/checker.h"
#include "tools/pod-supervise/relay.h"

#define KEEP_MAX 4

struct supervisor {
	struct pod pod;
	struct plan plan;
	unsigned number; /* of the run */
	int lock;        /* its pid file */
	int logdir;
	int slave;
	struct relay relay;
	int keep[KEEP_MAX]; /* descriptors for the chain alone */
	int nkeep;
	char *const *chain;
	bool foreground;

	pid_t chain_pid, relay_pid;
	int control;     /* write end of the relay's */
	unsigned relays; /* started so far */
	int status;      /* of the run, -1 while it lives */

	bool watched; /* the pod file has checks of health, and this is the run they are for */
	pid_t checker_pid;
	unsigned checkers; /* started so far, less those that asked for a restart */
	struct restarts restarts;
	struct again again;
	bool stopping;    /* it was asked to end */
	bool restarting;  /* the chain is asked to end, and started again when it has */
	int64_t patience; /* clock_ms(): then it is made to */
};

/* Open everything: number, log, terminal, socket.  The caller's supervisor_finish() undoes it. */
int supervisor_open(struct supervisor *s, const char *pod, struct err *e);
void supervisor_finish(struct supervisor *s);

/* Start chain and relay; afterwards the run is on its way and its files say so. */
int supervisor_start(struct supervisor *s, struct err *e);

/* Let go of the terminal, directory and input of our caller; messages go to the run's log. */
int supervisor_settle(const struct supervisor *s, struct err *e);

/* Until the run has ended: its exit status.  Writes it down and takes the files away. */
int supervisor_wait(struct supervisor *s);

#endif
