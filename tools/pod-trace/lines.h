/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to the log: at most so many events at once and so many a second, in whole lines, never
 * waiting for who reads them.  What is left out is counted, and told once a second.
 */
#ifndef POD_TRACE_LINES_H
#define POD_TRACE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/record.h"

#define LINES_BURST  20000 /* events at once */
#define LINES_SECOND 200   /* a second, for as long as one likes */
#define LINES_END_MS 5000

struct lines {
	int fd;
	const char *pod;
	struct buf waiting;
	uint64_t tokens, filled_ms; /* thousandths of an event */
	uint64_t lost, rated;       /* not told of yet: no room in the kernel or here; too many */
	uint64_t kernel_lost;       /* of the kernel's, as told of */
	bool writes_lost;           /* nobody knows how many */
	int64_t told_ms;
};

void lines_init(struct lines *l, int fd, const char *pod);
void lines_finish(struct lines *l);

/* May another event be told?  False: it was counted. */
bool lines_allow(struct lines *l);
/* An event, built by event_*(); the closing brace is ours. */
void lines_add(struct lines *l, const struct event *ev);
/* Tell what was left out, the kernel's count among it, and write what can be written. */
void lines_flush(struct lines *l, uint64_t kernel_lost, bool last);
/* The last of it: who reads is waited for, LINES_END_MS at most. */
void lines_end(struct lines *l, uint64_t kernel_lost);
/* Something is not written or not told yet. */
bool lines_wait(const struct lines *l);

#endif
