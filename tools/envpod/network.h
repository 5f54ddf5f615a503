/* SPDX-License-Identifier: Apache-2.0 */
/* When a pod's network is built and taken down; pod-net does it. */
#ifndef ENVPOD_NETWORK_H
#define ENVPOD_NETWORK_H

#include "libcommon/plan.h"
#include "libcommon/pod.h"

/*
 * Before a run: `pod-net up`, where the pod needs it and it does not stand.  Printed, where command
 * lines are, even if it stands.  An exit status: 0, or POD_EXIT_BEFORE_RUN, which --status-fd
 * (NULL: none) is told.
 */
int network_up(const struct pod *p, const struct plan *pl, const char *status_fd);

/* Tell --status-fd (NULL: none) of a run that could not be started, as pod-exec does. */
void network_tell(const char *status_fd, int reason, const char *message);

/* After the last run: `pod-net down`, where there is anything of it. */
int network_down(const struct pod *p);

#endif
