/* SPDX-License-Identifier: Apache-2.0 */
/* Time as one number. */
#ifndef LIBCOMMON_CLOCK_H
#define LIBCOMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since the epoch of a file's time. */
static inline uint64_t clock_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/* Milliseconds of CLOCK_MONOTONIC: for waiting, not for dates. */
static inline int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
