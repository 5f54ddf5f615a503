/* SPDX-License-Identifier: Apache-2.0 */
/* Looking a path up in an array that is in order of path; each element begins with its path. */
#ifndef POD_MOUNT_BYPATH_H
#define POD_MOUNT_BYPATH_H

#include <stddef.h>

/* The index behind the last of n elements, of `size` bytes each, whose path is not behind `path`.
 */
size_t bypath_end(const void *v, size_t n, size_t size, const char *path);

#endif
