/* SPDX-License-Identifier: Apache-2.0 */
/* Debian packages that a pod's plugins need and its view may lack: share/setup/packages, in it. */
#ifndef ENVPOD_PACKAGES_H
#define ENVPOD_PACKAGES_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"

/* Does the plan name a plugin that may need any? */
bool packages_wanted(const struct plan *pl);

/* Those that are lacking, a name a line: pod-mount lacking, in the pod's view. */
int packages_lacking(const char *pod, struct buf *names, struct err *e);
/* The command that installs them, in the pod. */
int packages_command(struct strv *command, const struct buf *names, struct err *e);

/* They, for people: "a, b, c and 4 more". */
char *packages_shown(const struct buf *names);

#endif
