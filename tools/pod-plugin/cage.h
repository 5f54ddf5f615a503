/* SPDX-License-Identifier: Apache-2.0 */
/* Where plugins run: with nothing to lose. */
#ifndef POD_PLUGIN_CAGE_H
#define POD_PLUGIN_CAGE_H

#include <sys/types.h>

#include "libcommon/err.h"

#define CAGE_SECONDS 5 /* for one answer */

/*
 * For this process, for good: no network (a namespace of its own, where we are root), the ids
 * given (root only; others keep theirs), no capability, no_new_privs, no core, no file that could
 * be written or made, 1 GiB of memory.  What is open stays open.
 */
int cage_enter(uid_t uid, gid_t gid, struct err *e);

/* Of a child, before the plugin's code runs: ends with us, and in time. */
void cage_child(int out);

#endif
