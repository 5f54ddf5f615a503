/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that came compressed though this was not asked for, unpacked as it passes. */
#ifndef POD_PROXY_UNZIP_H
#define POD_PROXY_UNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define UNZIP_IN                                                                         \
	4096 /* bytes that are taken at a time: they can become a thousand times as many \
	      */

struct unzip;

/* Of a Content-Encoding; NULL with *known false: none that we can read.  NULL, true: not packed. */
struct unzip *unzip_new(const char *coding, bool *known);
void unzip_free(struct unzip *z);
/* Give it more, when unzip_take() has returned 0; at most UNZIP_IN bytes. */
void unzip_give(struct unzip *z, const void *data, size_t len);
/* Bytes that were unpacked into out; 0: it wants more; -EBADMSG: it is broken. */
ssize_t unzip_take(struct unzip *z, void *out, size_t size);
/* Did it end where a stream ends? */
bool unzip_is_whole(const struct unzip *z);

#endif
