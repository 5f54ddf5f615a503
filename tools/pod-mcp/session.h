/* SPDX-License-Identifier: Apache-2.0 */
/* One client on two descriptors, and a connection to the queue for each of its calls. */
#ifndef POD_MCP_SESSION_H
#define POD_MCP_SESSION_H

#include "libcommon/err.h"

/*
 * Serve messages of in on out until in ends and every call has its answer; socket is where the
 * queue listens.  0, or -errno with e set when the client cannot be heard or spoken to.
 */
int session_serve(int in, int out, const char *socket, struct err *e);

#endif
