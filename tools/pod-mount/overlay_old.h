/* SPDX-License-Identifier: Apache-2.0 */
/* Overlays by mount(2), for kernels before 6.15, which take no detached mounts as layers. */
#ifndef POD_MOUNT_OVERLAY_OLD_H
#define POD_MOUNT_OVERLAY_OLD_H

#include "tools/pod-mount/overlay.h"

/*
 * The same as overlay_make(), by attached mounts below o->scratch (KERNEL-NOTES 3.3).  The working
 * directory is moved and set back.  The result is a descriptor of the mount, attached in scratch;
 * mount_attach() moves it away.
 */
int overlay_old(struct overlay *o, struct err *e);

#endif
