/* SPDX-License-Identifier: Apache-2.0 */
/* Which command wrote a file that changed, where pod-trace saw it: diff --why. */
#ifndef POD_MOUNT_WRITTEN_H
#define POD_MOUNT_WRITTEN_H

#include "tools/pod-mount/survey.h"

/* From now on it is known, or known not to be. */
void written_ask(struct survey *s);
/* NULL: not seen. */
const struct written *written_find(const struct survey *s, const struct change *c);

/* "; written by cc -c a.c (pid 7, 2026-01-02 03:04:05 UTC)", or that nobody saw it. */
void written_text(struct buf *out, const struct survey *s, const struct change *c);
/* Member "why". */
void written_json(struct buf *b, const struct survey *s, const struct change *c);

#endif
