/* SPDX-License-Identifier: Apache-2.0 */
/* Making the checkpoint of a log. */
#ifndef POD_AUDIT_TREEHEAD_H
#define POD_AUDIT_TREEHEAD_H

#include "libcommon/err.h"
#include "tools/pod-audit/note.h"

/*
 * A signed note of the pod's log as it is now; kept in audit/checkpoints, and the tree in
 * audit/tree. All its lines are on disk then.  Status 1 where the log is not the one that its last
 * checkpoint was made of: nobody signs both.
 */
int treehead_make(const char *pod, struct note *n, struct err *e);

/* What the origin of a log's checkpoints is behind the host's name: "/POD/J", or "/POD". */
void treehead_origin(const char *pod, bool has_log, uint64_t log, char out[NOTE_ORIGIN]);

#endif
