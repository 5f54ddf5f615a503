/* SPDX-License-Identifier: Apache-2.0 */
/* Domain names in wire form: labels with a length byte in front, the root's 0 at the end. */
#ifndef POD_DNS_NAME_H
#define POD_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_WIRE_MAX 255
#define NAME_TEXT_MAX (4 * NAME_WIRE_MAX + 1) /* each byte may become \DDD */

struct name {
	uint8_t len; /* of wire, with the root's 0; 0: no name */
	uint8_t wire[NAME_WIRE_MAX];
};

/* From "a.b.c" or "a.b.c.", with \DDD and \X understood.  -EINVAL when it is no name. */
int name_from_text(struct name *n, const char *text, size_t len);

/* To text without the last dot ("." for the root); whatever is not a plain character is escaped. */
const char *name_text(const struct name *n, char out[NAME_TEXT_MAX]);

/* Equal as DNS compares: case apart. */
bool name_equal(const struct name *a, const struct name *b);
/* Is n equal to or below top? */
bool name_below(const struct name *n, const struct name *top);
void name_lower(struct name *n);
unsigned name_labels(const struct name *n); /* the root not counted */

/*
 * Read the name at *at of a message; *at moves behind it.  Compression pointers must point
 * backwards, each farther than the last, so that none can loop.  -EINVAL when it is malformed.
 */
int name_read(struct name *n, const uint8_t *msg, size_t len, size_t *at);

#endif
