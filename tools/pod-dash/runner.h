/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs the commands: takes asks, holds them against the table and the session's role, starts at
 * most JOBS of them at a time, and answers with what they printed.  A change is on record in the
 * pod's log before its command begins: who asked, and for what.
 */
#ifndef POD_DASH_RUNNER_H
#define POD_DASH_RUNNER_H

#include "libcommon/err.h"
#include "libcommon/loop.h"
#include "tools/pod-dash/ask.h"

#define JOBS       6
#define WAITING    128
#define OUTPUT_MAX (16u << 20)
#define ERROR_MAX  (8u << 10)
#define VIEW_S     60   /* a question takes at most so long; */
#define CHANGE_S   1800 /* a change */

struct job {
	struct runner *runner;
	struct ask ask;
	int pid; /* 0: free */
	struct watch out, err, end;
	struct buf output, error;
	uint64_t deadline;
	bool too_long; /* ended by us: it printed too much, or took too long */
};

struct runner {
	struct loop *loop;
	struct watch socket;
	struct job jobs[JOBS];
	struct ask waiting[WAITING];
	size_t first, n_waiting;
	uint32_t listeners; /* pages that are open */
	bool closed;        /* the front is gone */
};

int runner_begin(struct runner *r, struct loop *l, int socket, struct err *e);
void runner_finish(struct runner *r);
/* End what has taken too long; to be called now and then. */
void runner_tick(struct runner *r);

/* News for every page: {"pod":…,"what":[…]}, as an event of the stream. */
void runner_tell(const struct runner *r, const char *json, size_t len);

#endif
