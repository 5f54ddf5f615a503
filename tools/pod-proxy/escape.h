/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text whose bytes may each stand escaped, by JSON, by percent or by both: "\/", "\u002f", "%2F",
 * "%252f", "\\u002f" are all a slash.  Any mixture is matched, whatever encoder made it.
 */
#ifndef POD_PROXY_ESCAPE_H
#define POD_PROXY_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#define ESCAPE_MAX 13 /* bytes that one byte may stand as; longer runs are no escape of ours */

enum { ESCAPE_NO = 0, ESCAPE_CUT = -1 };

/*
 * Does text, of `avail` bytes, begin with pattern?  The bytes it takes there, ESCAPE_NO, or
 * ESCAPE_CUT: it does as far as it goes.
 */
long escape_match(const uint8_t *pattern, size_t n, const uint8_t *text, size_t avail);

/* The bytes that an escape, here at '%' or '\\', may stand for (the first of them, if it is a
 * character of UTF-8). */
#define ESCAPE_MEANINGS 4
size_t escape_meanings(const uint8_t *text, size_t avail, uint8_t out[ESCAPE_MEANINGS]);

#endif
