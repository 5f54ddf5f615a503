/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-trace hears of files that are written through a group of fanotify(7), which is told of each
 * overlay of a view here, before anything runs in it.  RUN/NAME/trace says whose and which it is;
 * the descriptor is taken from there, so nothing waits for that process.
 */
#ifndef POD_MOUNT_WATCHED_H
#define POD_MOUNT_WATCHED_H

#include "libcommon/pod.h"
#include "libcommon/writers.h"

/* The group's descriptor, -1 when nobody watches this pod. */
int watched_open(const struct pod *p);
/* Have it hear of this overlay. */
void watched_add(int group, int mnt);
/* Who wrote what, once what happened up to now is written down, but for at most a second. */
void watched_read(const struct pod *p, struct writers *all);

#endif
