/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The background runs of a pod, numbered from 1.  Run 1 has RUN/POD/supervise.{pid,sock} and
 * log/run.{log,status}; run N has supervise.N.{pid,sock} and run.N.{log,status}.  A number is taken
 * by locking its pid file, so that one left behind by a killed supervisor is free again.
 */
#ifndef POD_SUPERVISE_SLOT_H
#define POD_SUPERVISE_SLOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

#define SLOT_MAX 64

/* "supervise.pid", "supervise.3.sock", "run.log", …; one of four static buffers. */
const char *slot_name(const char *stem, unsigned number, const char *ending);

/* Take the lowest free number.  *lock: its pid file, empty, to be kept open while it is used. */
int slot_take(const struct pod *p, unsigned *number, int *lock, struct err *e);

/* A pid file of that name beneath dir, locked and empty; -EAGAIN when somebody has it. */
int slot_lock(int dir, const char *name);

/* Say in the pid file who supervises; let go of the number and its files. */
int slot_fill(int lock, pid_t pid, struct err *e);
void slot_release(const struct pod *p, unsigned number);

struct run {
	unsigned number;
	pid_t pid; /* of the supervisor */
	unsigned long long start;
	int pidfd;
};

#define RUN_INIT            \
	{                   \
		.pidfd = -1 \
	}

/* Is this number's run alive?  Fills *r in. */
bool run_look(const struct pod *p, unsigned number, struct run *r);
void run_finish(struct run *r);

/* Run `number`, or the newest for 0.  Status 2 when it does not live. */
int run_find(const struct pod *p, unsigned number, struct run *r, struct err *e);

#endif
