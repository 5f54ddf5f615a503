/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed at an attached terminal: everything is the run's but the keys that detach. */
#ifndef POD_SUPERVISE_KEYS_H
#define POD_SUPERVISE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

#define KEY_CTRL_P 0x10
#define KEY_CTRL_Q 0x11

struct keys {
	bool held; /* a Ctrl-P that may be the first half of detaching */
};

/* Append what is for the run to out; true once Ctrl-P Ctrl-Q was seen (the rest is dropped). */
bool keys_take(struct keys *k, const char *in, size_t n, struct buf *out);

#endif
