/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a pod: numbers, each of which may be unknown.  Its text is envpod-sample(5). */
#ifndef POD_MONITOR_NUMBERS_H
#define POD_MONITOR_NUMBERS_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/usage.h"

#define SAMPLE_UNKNOWN USAGE_UNKNOWN /* nobody measures it: null */
#define SAMPLE_NO_MAX  USAGE_NO_MAX  /* no limit: null */

/* In the order of the text; what stands in one group is together. */
enum sample_field {
	CPU_PERCENT, /* hundredths of a percent of what the pod may use */
	CPU_SECONDS, /* microseconds */
	CPU_LIMIT,   /* thousandths of a processor */
	MEMORY_BYTES,
	MEMORY_LIMIT,
	MEMORY_PERCENT,
	PIDS_COUNT,
	PIDS_LIMIT,
	PIDS_PERCENT,
	IO_READ,
	IO_WRITTEN,
	NET_UP,
	NET_DOWN,
	NET_CONNECTIONS,
	DNS_QUERIES,
	DNS_DENIED,
	REQUESTS_COUNT,
	REQUESTS_DENIED,
	REQUESTS_TOKENS,
	DISK_BYTES,
	DISK_LIMIT,
	DISK_PERCENT,
	DISK_AGE, /* seconds since it was measured */
	ACTIONS_SUBMITTED,
	ACTIONS_EXECUTED,
	ACTIONS_DENIED,
	EVENTS_COUNT, /* lines of the pod's log */
	SAMPLE_FIELDS,
};

struct sample {
	uint64_t ns; /* since 1970 */
	uint8_t running, frozen;
	uint64_t v[SAMPLE_FIELDS];
	double rate[SAMPLE_FIELDS]; /* a second, of totals; below 0: unknown */
};

/* Find out how many processors there are: before any lock-down. */
void sample_prepare(void);
/* Everything unknown. */
void sample_init(struct sample *s);
/* Set the percentages, and the rates from what was one look before (NULL: there was none). */
void sample_derive(struct sample *s, const struct sample *before);

/* The one object, with no newline. */
void sample_text(struct buf *b, const struct sample *s, const char *pod);
/* A recorded one back; -EINVAL when value, which is taken, is none. */
int sample_read(struct sample *s, jv value);
/* The same for jq. */
jv sample_value(const struct sample *s, const char *pod);

#endif
