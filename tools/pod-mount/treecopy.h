/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a layer's tree as it is: marks, ids, xattrs and all. */
#ifndef POD_MOUNT_TREECOPY_H
#define POD_MOUNT_TREECOPY_H

#include <stdint.h>

#include "libcommon/err.h"

/*
 * Fill the empty directory `to` with what `from` holds, and give it from's looks.  Files become
 * links to the same inodes: for trees in which nobody writes to a file.  -errno.
 */
int tree_link(int from, int to);

/* One name of a tree, no directory, linked; and the looks of a directory, marks included.  -errno.
 */
int tree_link_file(int from, const char *name, int to);
int tree_copy_looks(int from, int to);

/*
 * Copying a tree that somebody writes to, in two steps: most of it while they go on, the rest while
 * they stand still.
 */
struct tree_copy;
/* from: the tree; scratch: an empty directory on the same filesystem as what is to come. */
struct tree_copy *tree_copy_new(int from, int scratch);
/*
 * Copy the content of files that have been at rest to the scratch directory: those not changed
 * since `before` (a time of their filesystem's clock) with nothing of them left to be written back
 * then.  Failures count for nothing: what was not copied now is later.
 */
void tree_copy_ahead(struct tree_copy *c, uint64_t before_ns);
/* Nobody writes any more: fill the empty directory `to`.  -errno. */
int tree_copy_rest(struct tree_copy *c, int to);
void tree_copy_free(struct tree_copy *c);

#endif
