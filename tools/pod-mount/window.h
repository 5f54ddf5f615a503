/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of a pod's layers, held not against the host but against what lay below that part: what one
 * run changed, what happened since a snapshot.
 */
#ifndef POD_MOUNT_WINDOW_H
#define POD_MOUNT_WINDOW_H

#include "libcommon/err.h"
#include "tools/pod-mount/survey.h"

/* Does a survey with these options look through a window? */
bool window_asked(const struct survey_opts *o);
/*
 * Before the survey is opened: windows need mounts, which are made in a mount namespace of this
 * process's own.
 */
int window_prepare(const struct survey_opts *o, struct err *e);
/*
 * Layers outside the window leave the survey's trees, and the host's side of each tree becomes a
 * read-only view of the host with the layers below the window on it, put together by the kernel.
 * A layer that the words of o do not name, or name twice, is status 64.
 */
int window_open(struct survey *s, const struct survey_opts *o, struct err *e);

#endif
