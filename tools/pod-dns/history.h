/* SPDX-License-Identifier: Apache-2.0 */
/* What the audit log says about a pod's network, newest segments only. */
#ifndef POD_DNS_HISTORY_H
#define POD_DNS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

#define HISTORY_ANSWERS  32
#define HISTORY_SEGMENTS 2 /* of 64 MiB each at most */

struct history_event {
	char event[32], src[16], ts[32], type[16], rcode[16], decision[16], address[64];
	char name[1024], rule[1200], reason[256];
	char answers[HISTORY_ANSWERS][48];
	unsigned n_answers;
};

/*
 * Call fn for each event of the resolver, the relay and the wall, the oldest first; with `like`
 * (not NULL) only lines that contain that text are looked at.
 */
int history_each(const struct pod *p, const char *like,
		 void (*fn)(void *arg, const struct history_event *ev), void *arg, struct err *e);

/* One line of the log; false when it is none of those events, or is damaged. */
bool history_parse(const char *line, size_t len, struct history_event *ev);

#endif
