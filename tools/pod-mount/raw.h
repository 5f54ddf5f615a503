/* SPDX-License-Identifier: Apache-2.0 */
/* Where a change lies in its layer. */
#ifndef POD_MOUNT_RAW_H
#define POD_MOUNT_RAW_H

#include "tools/pod-mount/survey.h"

/* Its path within the layer's tree of its cover, in b anew. */
const char *raw_path(const struct survey *s, const struct change *c, struct buf *b);

/* Open the topmost layer's entry beneath its tree; -errno. */
int raw_open(const struct survey *s, const struct change *c, int flags);

#endif
