/* SPDX-License-Identifier: Apache-2.0 */
/* The half of pod-queue serve that reads what the agent says, and can do nothing else. */
#ifndef POD_QUEUE_LISTENER_H
#define POD_QUEUE_LISTENER_H

#include <sys/types.h>

#include "libcommon/err.h"

#define LISTENER_CONNS 64

/* Lock down as uid and serve the listening socket until the channel to the steward ends.  Owns
 * both descriptors.  Only in a process of its own. */
int listener_run(int socket, int channel, uid_t uid, struct err *e);

#endif
