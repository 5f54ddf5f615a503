/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is called once it is here: its sender had any bytes to choose from. */
#ifndef POD_UPLOAD_NAME_H
#define POD_UPLOAD_NAME_H

#include <stddef.h>

#include "libcommon/buf.h"

#define NAME_BYTES 200 /* of a name, before it gets a number */

/*
 * The last component of what a browser says, which may be a path of another system's: without dots,
 * dashes and blanks at its front that would hide it or make it an option, cut to NAME_BYTES between
 * characters, its extension kept.  -EINVAL, with why in *why: not UTF-8, nothing left, or
 * characters that steer a terminal or turn the direction of writing.
 */
int name_clean(const char *given, size_t len, struct buf *out, const char **why);

/* name itself for n == 0, else with "-N" before its extension. */
void name_numbered(const char *name, unsigned n, struct buf *out);

#endif
