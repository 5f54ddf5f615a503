/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket that whoever started us hands in, in the manner of sd_listen_fds(3). */
#ifndef LIBCOMMON_LISTENFD_H
#define LIBCOMMON_LISTENFD_H

#include "libcommon/err.h"

/*
 * Descriptor 3, closed on exec and non-blocking from here on, which must be a listening Unix stream
 * socket by that name; the variables are taken out of the environment.  Status 64 where it is not.
 */
int listenfd_take(const char *name, struct err *e);

#endif
