/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boundary score: the weight of what held, in hundredths of the weight of what could be tried.
 * LOW weighs 1, MEDIUM 2, HIGH 4, CRITICAL 8.  It is rounded down: 100 says that all of it held.
 */
#ifndef ENVPOD_SCORE_H
#define ENVPOD_SCORE_H

#include "tools/envpod/verdicts.h"

struct score {
	unsigned held, open, untried; /* probes */
	unsigned weight, held_weight; /* of what could be tried; of what held */
};

/* Of a category, or of all with NULL. */
struct score score_of(const struct checks *c, const char *category);
unsigned score_percent(const struct score *s);

void score_print(const struct checks *c, const char *pod, bool verbose);
void score_print_json(const struct checks *c, const char *pod);

#endif
