/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time, as events carry them and as people type them. */
#ifndef LIBCOMMON_WHEN_H
#define LIBCOMMON_WHEN_H

#include <stdint.h>

/*
 * RFC 3339 ("2026-01-02T03:04:05.678901Z", "2026-01-02 03:04:05+02:00"; a bare date is its
 * midnight, UTC) into microseconds since 1970.  -EINVAL for anything else.
 */
int when_parse(const char *s, int64_t *us);

/* The same, or a span before now: "5m", "2h30m", "1d". */
int when_ago(const char *s, int64_t now_us, int64_t *us);

int64_t when_now(void);

#endif
