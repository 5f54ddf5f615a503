/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renamed directories.  With redirect_dir=on overlayfs writes where a directory's lower half is to
 * be found: an absolute path from the cover's root, or a bare name beside it.  The path is one in
 * the stack below that layer, where another redirect may send it on.
 */
#ifndef POD_MOUNT_REDIRECT_H
#define POD_MOUNT_REDIRECT_H

#include <stddef.h>

#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/* Where the lower half of a directory lies, given where it would lie without its redirect. */
char *redirect_apply(const char *lower, const char *redirect);

/*
 * The path on the host that `path` ("/a/b", from the cover's root) of the stack below the layer
 * number `below` stands for; NULL when it is the pod's own work.  Caller frees.  *fault becomes the
 * -errno of a look that failed, after which nobody knows.
 */
char *redirect_origin(const struct pod *p, const struct stack *s, size_t below, const char *cover,
		      const char *path, int *fault);

#endif
