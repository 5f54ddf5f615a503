/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program sees of the events since the last look: the newest EVENTS_MAX.  A pod may have a
 * hand in what they say, so what they will need as values is bounded: one that is too large, and
 * the oldest when all of them are, shrink to their heads: ts, pod, src, event, of an action its
 * name and type, and `cut`.
 */
#ifndef POD_MONITOR_EVENTS_H
#define POD_MONITOR_EVENTS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

#define EVENTS_MAX    1000
#define EVENTS_WEIGHT (16u << 20) /* of all, in bytes of libjq's */
#define EVENT_WEIGHT  (1u << 20)  /* of one */
#define EVENT_DEPTH   32

struct events {
	struct {
		struct buf text;
		size_t weight;
	} kept[EVENTS_MAX]; /* a ring */
	size_t next, n, weight;
	size_t heads; /* so many of the oldest are heads already */
	bool cut;     /* one has shrunk since events_take() */
};

/* An event as a line of the log. */
void events_keep(struct events *v, const char *text, size_t len);
/* All of them as an array, the newest last; nothing is kept. */
jv events_take(struct events *v);
void events_finish(struct events *v);

/* How many bytes libjq needs at most for this text; more than EVENT_WEIGHT when it is nested too
 * deep. */
size_t event_weight(const char *text, size_t len);

#endif
