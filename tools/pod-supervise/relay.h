/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process between a run's terminal, its log and whoever is attached.  It reads what a pod and
 * clients say, so it is a process of its own that can do nothing but that: no ids, no capabilities,
 * no files to open, no programs to run.
 */
#ifndef POD_SUPERVISE_RELAY_H
#define POD_SUPERVISE_RELAY_H

#include <sys/types.h>

#include "tools/pod-supervise/runlog.h"

#define RELAY_CLIENTS 16

struct relay {
	int master;   /* of the terminal; does not block */
	int listener; /* of clients */
	int control;  /* a byte comes here when the run has ended: its exit status */
	uid_t owner;  /* who may attach, besides root */
	struct runlog log;
};

/*
 * Lock down, then relay until the run has ended and everything it said was written; each client is
 * told the exit status.  Returns when done, -errno with e set when it could not lock down.
 */
int relay_run(struct relay *r, struct err *e);

#endif
