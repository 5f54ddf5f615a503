/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets in directories of a pod. */
#ifndef LIBCOMMON_LISTEN_H
#define LIBCOMMON_LISTEN_H

#include <sys/types.h>

#include "libcommon/err.h"

/*
 * A listener (not blocking) at name in the directory dir, in the place of what lies there: owner
 * alone, and root, can connect.  -errno with e set.
 */
int listen_in(int dir, const char *name, int type, uid_t owner, struct err *e);

#endif
