/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of the audit log says in its head, without reading all of it. */
#ifndef POD_MONITOR_LINE_H
#define POD_MONITOR_LINE_H

#include <stddef.h>
#include <stdint.h>

#define LINE_WORD 64

struct line {
	char src[LINE_WORD], event[LINE_WORD];
	char name[LINE_WORD], type[LINE_WORD]; /* of an action of the queue */
	uint64_t tokens;                       /* of a model, by its own word */
	uint64_t n;                            /* events_lost: so many were not told */
};

/* Members that are not there are "" and 0; so is a word too long for its place. */
void line_read(struct line *l, const char *text, size_t len);

#endif
