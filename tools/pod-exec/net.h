/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's network namespace: loopback only, pinned at RUN/NAME/ns/net for as long as the pod. */
#ifndef POD_EXEC_NET_H
#define POD_EXEC_NET_H

#include "libcommon/err.h"
#include "libcommon/pod.h"

/*
 * A descriptor of the pinned namespace.  Where none is pinned, one is made with `lo` up,
 * unprivileged ports from 0 and ping sockets for everybody, and pinned in the mount namespace
 * `home` (-1: not pinned, and gone with its last process).
 */
int net_open(const struct pod *p, int home, struct err *e);

#endif
