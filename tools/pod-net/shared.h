/* SPDX-License-Identifier: Apache-2.0 */
/* What the networks of several pods have in common lies in directories of RUN of its own. */
#ifndef POD_NET_SHARED_H
#define POD_NET_SHARED_H

#include "libcommon/err.h"

/* RUN/NAME, made when missing, locked for as long as the descriptor is open; or -errno. */
int shared_open(const char *name, struct err *e);

#endif
