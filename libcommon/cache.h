/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STATE/cache: what can be found out anew at any time, kept for all pods.  A file says what it was
 * made from (its head, one line) and is checked by a hash; gone, torn or made from something else
 * is all the same: it is not there.  Anybody may delete all of it.
 */
#ifndef LIBCOMMON_CACHE_H
#define LIBCOMMON_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

#define CACHE_MAX      (16u << 20) /* bytes of a file */
#define CACHE_HEAD_MAX 512         /* bytes of a head, which has no newline in it */

/* Open STATE/cache, made when missing; -1 when that cannot be. */
int cache_open(void);
/* The bytes kept in NAME, made from this head.  False, and data is empty, when there are none. */
bool cache_get(int cache, const char *name, const char *head, struct buf *data);
/* Keep them.  What goes wrong costs the next one the finding out, no more. */
void cache_put(int cache, const char *name, const char *head, const struct buf *data);

/* The parser: where the bytes begin in a whole file of this head, and how many; NULL else. */
const char *cache_parse(const char *file, size_t len, const char *head, size_t *n);

/* A number for contents, to put in heads: 32 hex digits and a NUL. */
#define CACHE_HASH 33
void cache_hash(const void *data, size_t len, char hex[CACHE_HASH]);

#endif
