/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of the pod: a process beside its runs, of the pod's own user and behind every wall of a
 * run, that is none.  It joins what lives or fails, is on no record, keeps no pod alive, and ends
 * with whoever started it and with the pod.  In the group guardian it goes on while the pod is
 * frozen.
 *
 * It may be handed one descriptor, a listening Unix socket that somebody on the host connects to:
 * whoever holds that can accept connections and nothing else.
 */
#ifndef POD_EXEC_BESIDE_H
#define POD_EXEC_BESIDE_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "tools/pod-exec/run.h"

#define BESIDE_FD 3 /* sd_listen_fds(3): the first one */

/* Which options go together; --beside implies --probe.  From here on we die with our parent. */
void beside_begin(struct ask *ask);

/* Check --listen-fd, and take it into r->listen. */
int beside_socket(struct run *r, struct err *e);

/* Is it a service that goes on while the pod is frozen? */
bool beside_guards(const struct ask *ask);

/*
 * In the command's process: the socket becomes BESIDE_FD, LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES
 * say so.  What has that number so far is moved.  0 or -errno.
 */
int beside_place(const struct run *r, int *fail, int *bpf, struct strv *env);

#endif
