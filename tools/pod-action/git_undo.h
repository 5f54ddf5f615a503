/* SPDX-License-Identifier: Apache-2.0 */
/* What undoes git actions: objects {"do": WORD, "dir": the repository, …}. */
#ifndef POD_ACTION_GIT_UNDO_H
#define POD_ACTION_GIT_UNDO_H

#include "libcommon/reply.h"
#include "tools/pod-action/git.h"

/* "ref": move it back; "checkout", "pull": the working tree, too; "push": the remote's ref. */
void git_undo_begin(struct reply *y, const struct git *g, const char *word, struct err *e);

#endif
