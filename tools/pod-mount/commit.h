/* SPDX-License-Identifier: Apache-2.0 */
/* The deed of commit, for whoever has a survey with a choice that was checked. */
#ifndef POD_MOUNT_COMMIT_H
#define POD_MOUNT_COMMIT_H

#include "libcommon/err.h"
#include "tools/pod-mount/survey.h"

/* Journalled, recorded, kept for undo: the chosen changes become the host's.  *files: how many. */
int commit_to_host(struct survey *s, const char *cwd, size_t *files, struct err *e);
/* Warn of what is new on the host in directories that were deleted: it stays. */
void commit_say_appeared(const struct survey *s, const char *cwd);

#endif
