/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, durations and times as people write them. */
#ifndef LIBCOMMON_UNIT_H
#define LIBCOMMON_UNIT_H

#include <stdint.h>

/* "512MB", "1.5GiB", "4096": powers of 1024.  -EINVAL (not a size), -ERANGE. */
int unit_size(const char *s, uint64_t *bytes);
/* "1h30m", "90s", "90", "2d": seconds.  -EINVAL, -ERANGE. */
int unit_duration(const char *s, uint64_t *seconds);
/* A whole decimal number, nothing before or after it. */
int unit_u64(const char *s, uint64_t max, uint64_t *n);

/* RFC 3339 UTC with microseconds: "2026-01-02T03:04:05.678901Z". */
#define UNIT_TIME_LEN 32
void unit_now(char out[UNIT_TIME_LEN]);
/* The same of a time in nanoseconds since 1970. */
void unit_time(uint64_t ns, char out[UNIT_TIME_LEN]);
/* "12.3M": for tables. */
const char *unit_human(uint64_t bytes, char out[16]);

#endif
