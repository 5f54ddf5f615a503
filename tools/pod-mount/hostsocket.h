/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of the invoking user's that a pod is shown, one file each: below his runtime directory
 * or in /tmp/.X11-unix, nowhere else, found without following a link.
 */
#ifndef POD_MOUNT_HOSTSOCKET_H
#define POD_MOUNT_HOSTSOCKET_H

#include "libcommon/err.h"
#include "libcommon/plan.h"

struct view;

/* Opened (O_PATH), if it is his: -errno, status 3 for somebody else's, 77 where there is none. */
int hostsocket_open(const struct plan *pl, const char *path, struct err *e);

/* All that were judged, at their places in the view: on its fresh /tmp and /run. */
int hostsockets_attach(const struct view *v, int root, struct err *e);

#endif
