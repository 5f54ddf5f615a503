/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bases: STATE/bases/NAME/, an outfit (outfit.h) and a stack, of which pods are cloned:
 *     stack       as a pod's; all its layers are of kind base: no change of the clone's
 *     created     "TIME POD": when, and of which pod it was made
 * A clone's file `base` has the base's name.
 */
#ifndef POD_MOUNT_PODBASE_H
#define POD_MOUNT_PODBASE_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

/* Open STATE/bases/NAME; -ENOENT without a message when there is none. */
int podbase_open(const char *name);
int podbase_stack(struct stack *s, int dir, const char *name, struct err *e);

/*
 * Make a base of a locked pod's outfit and of layers that something names.  name NULL: the pod's,
 * or NAME-2, NAME-3, … where that is taken; taken otherwise: refused.  made: its name.
 */
int podbase_make(const struct pod *p, const struct stack *s, const char *name,
		 char made[POD_NAME_MAX + 1], struct err *e);

/* Names of all bases, sorted. */
struct strv;
int podbase_names(struct strv *names, struct err *e);
/* How many pods were cloned of it; the first of their names in users. */
int podbase_users(struct strv *users, const char *name, struct err *e);
/* Remove it, and those of its layers that nothing else names. */
int podbase_destroy(const char *name, struct err *e);

#endif
