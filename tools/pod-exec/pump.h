/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on their way from one descriptor to another, in an event loop. */
#ifndef POD_EXEC_PUMP_H
#define POD_EXEC_PUMP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define PUMP_SIZE 16384

struct pump {
	int from, to; /* owned; -1: none */
	size_t at, len;
	char data[PUMP_SIZE];
};

void pump_init(struct pump *p);
void pump_finish(struct pump *p);

/* What it waits for, into two entries of poll(2); paused: it takes nothing new. */
void pump_poll(const struct pump *p, bool paused, struct pollfd ends[2]);

/* Move what can be moved.  When nothing more comes and all is delivered, both ends are closed. */
void pump_move(struct pump *p, const struct pollfd ends[2]);

/* Is anything still to be moved, now or later? */
bool pump_open(const struct pump *p);

#endif
