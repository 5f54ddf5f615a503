/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which command wrote which file: what fanotify(7) tells when one is closed that had been open to
 * be written to, as lines of pods/NAME/writers.  The kernel opens each file for who reads of it, so
 * no path is looked up; how much may wait to be read is bounded, and nobody who writes waits.
 */
#ifndef POD_TRACE_WRITES_H
#define POD_TRACE_WRITES_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

struct writes {
	int group; /* -1: this kernel does not tell */
	int file;
};

#define WRITES_INIT                     \
	{                               \
		.group = -1, .file = -1 \
	}

/* As root: make the group, say where it is, have it hear of a view that stands already. */
int writes_open(struct writes *w, const struct pod *p, struct err *e);
void writes_finish(struct writes *w, const struct pod *p);

struct tell;
/*
 * Read some of what waits; before it is made lines, `catch_up` is called, so that the commands of
 * who wrote are known.  True: there may be more.
 */
bool writes_take(struct writes *w, struct tell *t, void (*catch_up)(void *arg), void *arg);

#endif
