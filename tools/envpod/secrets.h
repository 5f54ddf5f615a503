/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets that the pod file gives to a run, by a pipe from pod-vault to pod-exec. */
#ifndef ENVPOD_SECRETS_H
#define ENVPOD_SECRETS_H

#include "tools/envpod/run.h"

/*
 * Where the pod file has vault.env: fill a pipe, and name its reading end in ENVPOD_SECRETS_FD for
 * the chain that is started next.  *fd is that end (-1: none), the caller's to close.  An exit
 * status: 0, or POD_EXIT_BEFORE_RUN after a message, which --status-fd is told.
 */
int secrets_pass(const struct run *r, const struct plan *pl, int *fd);

#endif
