/* SPDX-License-Identifier: Apache-2.0 */
/* When the daemons that govern a pod are started and ended; pod-supervise keeps them. */
#ifndef ENVPOD_GOVERN_H
#define ENVPOD_GOVERN_H

#include <stdbool.h>

#include "libcommon/plan.h"
#include "libcommon/pod.h"

/* May something new run in the pod?  0; 3 after a message where a budget is used up, 75 where it is
 * frozen. */
int govern_allows(const struct pod *p, const struct plan *pl, const char *status_fd);

/* Before a run, where the pod needs them and they are not there; as network_up(). */
int govern_up(const struct pod *p, const struct plan *pl, const char *status_fd);

/* The same whether or not its pod file asks: something waits that they must do.  Those that rest
 * look again.  An exit status. */
int govern_wake(const struct pod *p);

#endif
