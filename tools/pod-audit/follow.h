/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what is appended to a log. */
#ifndef POD_AUDIT_FOLLOW_H
#define POD_AUDIT_FOLLOW_H

#include "tools/pod-audit/source.h"

/*
 * Call take for every whole line appended behind what the source has read, through rotations,
 * flushing standard output whenever nothing more is there.  Returns 0 when the log was moved away
 * (its pod was destroyed) or nobody reads our output any more, or -errno with e set.
 */
int follow_source(struct source *s, void (*take)(void *to, const struct line *l), void *to,
		  struct err *e);

#endif
