/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text whose bytes may each stand escaped, by JSON, by percent, as an entity of HTML or XML, or by
 * several of them: "\/", "\u002f", "%2F", "%252f", "&#47;", "\\u002f" are all a slash.  Any mixture
 * is matched, whatever encoder made it.  Base64 may be broken into lines of any length, too, as
 * mail and PEM do; the end of a line may be escaped in its turn.
 */
#ifndef POD_PROXY_ESCAPE_H
#define POD_PROXY_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESCAPE_MAX  16 /* bytes that one byte may stand as; longer runs are no escape of ours */
#define ESCAPE_LINE 16 /* bytes that the end of a line may have in between */

enum { ESCAPE_NO = 0, ESCAPE_CUT = -1 };

struct escape {
	const uint8_t *text;
	size_t len;
	bool lines; /* it may be broken into lines */
};

/*
 * Does text, of `avail` bytes, go on with the pattern from its byte `from` on?  The bytes it takes
 * there, ESCAPE_NO, or ESCAPE_CUT: it does as far as it goes.
 */
long escape_match(const struct escape *p, size_t from, const uint8_t *text, size_t avail);

/* How long the end of a line is that stands here, escaped or not; ESCAPE_NO, ESCAPE_CUT. */
long escape_line(const uint8_t *text, size_t avail);

/* The bytes that an escape, here at '%', '\\' or '&', may stand for (the first of them, if it is a
 * character of UTF-8). */
#define ESCAPE_MEANINGS 4
size_t escape_meanings(const uint8_t *text, size_t avail, uint8_t out[ESCAPE_MEANINGS]);

#endif
