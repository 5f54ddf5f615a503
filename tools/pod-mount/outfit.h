/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod is besides its layers: pod.yaml, pod.json, plan, seccomp.bpf, written, and the mask,
 * whose tree is linked and not scanned for anew; the next view looks whether it still fits the
 * host, as always. Not copied: audit log, secrets, snapshots, undo records.
 */
#ifndef POD_MOUNT_OUTFIT_H
#define POD_MOUNT_OUTFIT_H

#include "libcommon/err.h"

/*
 * Copy it from the directory of a pod or base (path: for messages) to the directory `to`, replacing
 * what lies there.  name: of the pod it becomes; NULL for a base, which keeps the old one.
 */
int outfit_copy(int from, const char *path, int to, const char *name, struct err *e);

/* The text of a pod.json with another name; -EINVAL when it is none that pod-config wrote. */
struct buf;
int outfit_rename(struct buf *out, const char *json, const char *name);

#endif
