/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers that an operation adds to a pod: they are made in undo/ID/layers/LAYER, and join the stack
 * on top, below the upper, when all else is done.  That way a change comes back into a pod without
 * an entry of any existing layer being touched, and nobody sees half of it.
 */
#ifndef POD_MOUNT_GIVE_H
#define POD_MOUNT_GIVE_H

#include "libcommon/err.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/run.h"

/* What the pod's layers, the upper first, have of one covered directory. */
struct pile {
	int *fds; /* -1: nothing */
	size_t n;
	int host; /* the host's directory, -1; not owned */
};

int pile_open(struct pile *p, const struct pod *pod, const struct stack *s, const char *cover,
	      int host, struct err *e);
void pile_finish(struct pile *p);
/*
 * Do the layers say anything about a path: have an entry of this name, or hide what is there?  A
 * directory that only holds other things says nothing about itself; *dir tells that it is there.
 * 1, 0, or -errno: nobody knows.
 */
int pile_speaks(const struct pile *p, const char *path, bool *dir);

/* Make and open the layer undo/ID/layers/LAYER/tree/COVER: the cover's directory in it, or -errno.
 */
int give_tree(const struct run *r, const char *layer, const char *cover);
/* Make the directories on the way to path in such a tree, looking as the pod sees them now. */
int give_way(const struct run *r, const struct pile *p, int tree, const char *path);

/* Put the layers of a journal whose steps are done on the stack; does again what a crash left. */
int give_layers(struct run *r, struct stack *s, struct err *e);

#endif
