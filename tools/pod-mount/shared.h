/* SPDX-License-Identifier: Apache-2.0 */
/* Before layers are changed: the pod gets its own copy of those that others name too. */
#ifndef POD_MOUNT_SHARED_H
#define POD_MOUNT_SHARED_H

#include "libcommon/err.h"
#include "tools/pod-mount/survey.h"

/*
 * For everything chosen.  How many layers were copied; then the survey must be walked again, for a
 * new link to an inode moves its ctime.  -errno.
 */
int shared_release(struct survey *s, struct err *e);
/* The stack has copies in place of some layers since the survey was opened: look at those. */
int shared_follow(struct survey *s, struct err *e);
/* For one path within a cover. */
int shared_release_path(struct survey *s, unsigned cover, const char *within, struct err *e);

#endif
