/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links and seals of several lines at once.  A line says its own link and the one before it, so
 * nothing of a log has to wait for its neighbour; a processor hashes four short messages side by
 * side in little more time than one.  What record_chain() and logseal.h make one at a time, for
 * verify alone.
 */
#ifndef POD_AUDIT_LANES_H
#define POD_AUDIT_LANES_H

#include <stddef.h>

#include "libcommon/record.h"

#define LANES 4

struct lane {
	char prev[RECORD_HEX];
	const char *text; /* the line without its own link */
	size_t len;
	char made[RECORD_HEX]; /* the answer */
};

/* As record_chain(v[i].prev, v[i].text, v[i].len, v[i].made) for n of them, at most LANES. */
void lanes_chain(struct lane *v, size_t n);

struct lane_keyed {
	unsigned char key[LOGSEAL_KEY];
	const char *text;
	size_t len;
	unsigned char made[LOGSEAL_KEY]; /* the answer, `size` bytes of it */
};

/* BLAKE2b of size bytes, at most 32, keyed by v[i].key over v[i].text. */
void lanes_keyed(struct lane_keyed *v, size_t n, size_t size);

#endif
