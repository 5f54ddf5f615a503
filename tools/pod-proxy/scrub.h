/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets, and dummies, in a stream of bytes: in every encoding a server is likely to answer them
 * in (raw, JSON-escaped, percent, entities of HTML, UTF-16, hex, base64 and base64url at each
 * alignment, in one line or several), also across the boundaries of what is read at a time.
 */
#ifndef POD_PROXY_SCRUB_H
#define POD_PROXY_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

#define SCRUB_MIN 8    /* bytes; what is shorter would hit everywhere, and is not injected */
#define SCRUB_MAX 8192 /* likewise what is longer: it would have to be held back */

struct patterns;

/* Locked memory, wiped when it goes.  NULL: no memory can be locked. */
struct patterns *patterns_new(void);
void patterns_free(struct patterns *p);
/* All encodings of value; id is told with each hit.  -EINVAL: too short, or too long.  -ENOMEM: no
 * more memory can be locked. */
int patterns_add(struct patterns *p, int id, const void *value, size_t len);
/* After the last patterns_add(). */
void patterns_compile(struct patterns *p);
/* No run holds back more than this. */
size_t patterns_reach(const struct patterns *p);
/* So few bytes of any match say nothing worth hiding: an eighth of the shortest. */
size_t patterns_loose(const struct patterns *p);

typedef void scrub_hit(void *arg, int id);

/*
 * Overwrite what matches in data[0..len) by as many '*', and say so.  Returns how many bytes, from
 * the front, may be passed on: the rest may be the beginning of a match and is to be shown again,
 * at the front of the next call; with `last` everything is returned.  hit may be NULL.  keep: tell,
 * but change nothing (dummies in what the agent sends).
 */
size_t scrub_run(const struct patterns *p, char *data, size_t len, bool last, bool keep,
		 scrub_hit *hit, void *arg);

#endif
