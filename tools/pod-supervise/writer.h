/* SPDX-License-Identifier: Apache-2.0 */
/* The process that writes down what a pod's daemons report. */
#ifndef POD_SUPERVISE_WRITER_H
#define POD_SUPERVISE_WRITER_H

#include <stdbool.h>

#include "libcommon/err.h"

#define WRITER_PIPES 8

struct writer {
	const char *pod;
	int audit; /* the pod's audit directory, or -1 and */
	int other; /* a pipe to somebody else's `pod-audit append` */
	int alarm; /* non-blocking: a byte there for each canary that is to freeze the pod */
	bool freezes;
	int n;
	int pipe[WRITER_PIPES];        /* read ends, non-blocking */
	const char *src[WRITER_PIPES]; /* what events from there call themselves */
};

/* Locks itself down and reads until every pipe has ended. */
int writer_run(struct writer *w, struct err *e);

#endif
