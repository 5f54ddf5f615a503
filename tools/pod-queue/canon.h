/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in its one form: keys sorted by their bytes, none of them twice, no blanks, strings with the
 * fewest escapes, numbers as they were written.  What came out of here can be read by jsonr.h,
 * compared byte by byte and hashed.
 */
#ifndef POD_QUEUE_CANON_H
#define POD_QUEUE_CANON_H

#include <stddef.h>

#include "libcommon/buf.h"

#define CANON_DEPTH \
	12 /* what is nested deeper is refused; JSON_DEPTH has room for our own around it */

/*
 * Append the one value that data holds, nothing but space around it, to out.  0, or -EINVAL with
 * what is wrong in *fault and where in *at; out may have grown then.  Refused besides what is no
 * JSON: \u0000, halves of surrogates, bytes that are no UTF-8.
 */
int canon_value(struct buf *out, const char *data, size_t len, const char **fault, size_t *at);

#endif
