/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN/NAME/health: how the pod's checks of health stand, replaced by whoever makes them while a
 * background run lives:
 *
 *     envpod-health 1 PID STARTTIME           of that process: when it is gone, nobody knows
 *     pod STATE SINCE RESTARTS
 *     check NAME STATE SINCE FAILURES REASON  words as in plans; REASON "-" for none
 */
#ifndef LIBCOMMON_HEALTH_H
#define LIBCOMMON_HEALTH_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/pod.h"
#include "libcommon/unit.h"

#define HEALTH_CHECKS 16
#define HEALTH_MAX    65536 /* bytes of the file */

enum health_state { HEALTH_STARTING, HEALTH_PASSING, HEALTH_FAILING };

struct health_check {
	char name[80], reason[80];
	enum health_state state;
	char since[UNIT_TIME_LEN];
	unsigned failures; /* in a row */
};

struct health {
	enum health_state state; /* the worst of the checks' */
	char since[UNIT_TIME_LEN];
	unsigned restarts; /* of this run */
	struct health_check v[HEALTH_CHECKS];
	int n;
};

const char *health_state(enum health_state s);

/* The calling process speaks.  0, or -errno. */
int health_write(const struct health *h, const struct pod *p);
void health_forget(const struct pod *p);
/* False when nobody looks after the pod. */
bool health_read(struct health *h, const struct pod *p);
/* The parser. */
int health_parse(struct health *h, const char *text, size_t len, int *pid,
		 unsigned long long *start);

/* {"state","since","restarts","checks":[{"name","state","since","failures","reason"}]} */
void health_json(const struct health *h, struct buf *b);

#endif
