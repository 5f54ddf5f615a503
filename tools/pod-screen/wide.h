/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in UTF-16 or UTF-32, which some servers take as well (RFC 4627 3), as UTF-8. */
#ifndef POD_SCREEN_WIDE_H
#define POD_SCREEN_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

/* true: it is one of them by its first bytes, and *to has it in UTF-8; what is no character is
 * U+FFFD. */
bool wide_read(const char *body, size_t len, struct buf *to);

#endif
