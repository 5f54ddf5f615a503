/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who writes down what services say: pods/NAME/log/desktop.log.  Their words are the agent's, and
 * are read by a process that can do nothing but append to two open files.  It takes no more than
 * SCRIBE_RATE bytes a second, after SCRIBE_BURST: who says more waits with a full pipe.
 */
#ifndef POD_SUPERVISE_SCRIBE_H
#define POD_SUPERVISE_SCRIBE_H

#include "libcommon/err.h"
#include "libcommon/need.h"

#define SCRIBE_LOG_MAX (1 << 20) /* as much again of before beside it */
#define SCRIBE_RATE    (128 << 10)
#define SCRIBE_BURST   (1 << 20)
#define SCRIBE_LINE    4096 /* a longer one is written in pieces */

struct scribe {
	int logdir; /* pods/NAME/log */
	int n;
	const char *name[NEED_SERVICES_MAX]; /* whose pipe; before each line */
	int from[NEED_SERVICES_MAX];         /* read ends */
};

/* Until every pipe has ended.  In a process of its own: it gives up all power first. */
int scribe_run(struct scribe *s, struct err *e);

#endif
