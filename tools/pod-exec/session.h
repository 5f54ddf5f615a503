/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run on a terminal.  The terminal is one of the pod's own devpts, and a small session leader of
 * ours stands between the outer process and the command: without a parent in the command's
 * session, its process group would be orphaned and Ctrl-Z would be ignored.
 */
#ifndef POD_EXEC_SESSION_H
#define POD_EXEC_SESSION_H

#include "libcommon/err.h"
#include "tools/pod-exec/command.h"

/*
 * In the child: open the terminal, send its master out, fork.  The parent stays as session leader
 * and never returns; the child returns 0 as the command, its streams in place.
 */
int session_start(const struct streams *s, int notes, struct err *e);

#endif
