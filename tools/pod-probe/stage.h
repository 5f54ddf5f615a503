/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side: a process that probes look for, and whom every address leads to where the routes
 * are such.  It answers on a few ports of all addresses, and on an abstract socket, with the
 * secret; to questions for a name with an address.
 */
#ifndef POD_PROBE_STAGE_H
#define POD_PROBE_STAGE_H

#include "libcommon/err.h"

#define STAGE_NAME "envpod-stage" /* the process's */

/*
 * Serve until standard input ends.  A line "ready" on standard output once all listen, then one
 * "tcp|udp ADDRESS PORT" for each that was reached, as it is reached.
 */
int stage_serve(struct err *e);

#endif
