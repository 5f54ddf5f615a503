/* SPDX-License-Identifier: Apache-2.0 */
/* Judging an event that a locked-down daemon wrote: it may have been taken over by what it read. */
#ifndef POD_SUPERVISE_LINE_H
#define POD_SUPERVISE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_BYTES 4096

/*
 * Is it one JSON object in valid UTF-8 that begins, to the byte, as event_init() begins an event of
 * this pod and src, and that has no member the log itself adds (seq, chain)?  Bounded: nesting of
 * at most eight, LINE_MAX_BYTES in all.
 */
bool line_is_event(const char *line, size_t len, const char *pod, const char *src);

/* Of such a line: is it a canary for which the pod is to be frozen? */
bool line_freezes(const char *line, size_t len);

#endif
