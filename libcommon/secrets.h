/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets of a run: a pipe that pod-vault fills and the command's own process reads. */
#ifndef LIBCOMMON_SECRETS_H
#define LIBCOMMON_SECRETS_H

#include "libcommon/err.h"

/*
 * `pod-vault env [--command COMMAND] POD` into a pipe, of which *fd is the end to read, closed on
 * exec.  0, pod-vault's status after it has said why, or -errno.
 */
int secrets_open(const char *pod, const char *command, int *fd, struct err *e);
/* From now on ENVPOD_SECRETS_FD names it, and an exec leaves it open. */
int secrets_pass_fd(int fd, struct err *e);

#endif
