/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much may be asked of a host: requests a minute, bytes a minute (both ways together), requests
 * at a time.  A minute's worth may go at once; then it grows back evenly.  What was used outlives a
 * change of policy, so that a binding made anew is no fresh start.
 */
#ifndef POD_PROXY_LIMITS_H
#define POD_PROXY_LIMITS_H

#include "tools/pod-proxy/sites.h"

struct meter {
	struct meter *next;
	char domain[NAME_TEXT];
	bool wide;
	uint16_t port;
	uint64_t requests, bytes; /* used, in 1/60000 of one, so that a ms gives back whole ones */
	uint64_t concurrent;
	uint64_t since_ms;
	unsigned refs; /* exchanges that use it */
};

struct meters {
	struct meter *list;
};

void meters_finish(struct meters *ms);
/* Forget those that nothing was used of and nobody uses. */
void meters_sweep(struct meters *ms, const struct sites *s, uint64_t now_ms);

/*
 * May one more request begin?  NULL: yes, it is counted, and *m is where, for meter_end(); *m is
 * NULL where the host has no limit.  Else which limit it is, and in how many seconds to ask again.
 */
const char *meter_begin(struct meters *ms, const struct site *s, uint64_t now_ms, struct meter **m,
			unsigned *retry_s);
/* So many bytes want to go by.  0: they may, and are counted.  Else they must not, and in how many
 * seconds there is room for them; for more than a minute's worth there never is. */
unsigned meter_charge(struct meter *m, const struct site *s, uint64_t now_ms, uint64_t bytes);
/* It is over. */
void meter_end(struct meter *m);

#endif
