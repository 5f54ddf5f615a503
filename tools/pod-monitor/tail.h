/* SPDX-License-Identifier: Apache-2.0 */
/* Following the audit log by segments that somebody else has opened. */
#ifndef POD_MONITOR_TAIL_H
#define POD_MONITOR_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define TAIL_SEGMENTS 4          /* what was written before these is not read any more */
#define TAIL_BYTES    (8u << 20) /* at one time */

struct tail {
	int fd[TAIL_SEGMENTS]; /* in their order */
	uint64_t segment[TAIL_SEGMENTS];
	size_t n;
	uint64_t at, offset; /* where reading goes on: a segment, and behind a line in it */
};

/* Open what lies from segment `at` on beneath an audit directory; with at 0 it begins at the end
 * of the newest one. */
int tail_open(struct tail *t, int audit, uint64_t at, uint64_t offset, struct err *e);
void tail_finish(struct tail *t);

/* Call take for the whole lines there are, TAIL_BYTES at most; true: there may be more. */
bool tail_read(struct tail *t, void (*take)(void *arg, const char *line, size_t len), void *arg);

/* Is a newer segment there than the ones that are open? */
bool tail_is_old(const struct tail *t, int audit);

#endif
