/* SPDX-License-Identifier: Apache-2.0 */
/* Places outside this host's reach, or nearly so, that checkpoints are sent to: audit.anchor. */
#ifndef POD_AUDIT_ANCHOR_H
#define POD_AUDIT_ANCHOR_H

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "tools/pod-audit/note.h"

#define ANCHOR_S 30 /* a command may take so long */

/*
 * Send a note: "file:PATH" appends it, "command:/PROGRAM ARG..." gives it to a program on its
 * standard input, "syslog" writes one line to the system's log.  It has arrived, as far as that can
 * be told, or -errno with e set.
 */
int anchor_send(const char *anchor, const struct note *n, const struct plan *plan, struct err *e);

#endif
