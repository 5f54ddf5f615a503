/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reversing an action needs: pods/NAME/queue/undo/ID/, with what it was (action.json, which
 * stays when done/ID.json has long gone), the undo object its executor gave (undo.json) and what
 * it kept (kept).
 */
#ifndef POD_QUEUE_KEPT_H
#define POD_QUEUE_KEPT_H

#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-queue/store.h"

#define KEPT_MAX_BYTES (64u << 20)

/*
 * A file for an executor to write to, on a file system of its own that has room for so many bytes
 * and no more than KEPT_MAX_BYTES: what it writes there weighs on the pod's memory, and can fill
 * nothing of the host's.
 */
int kept_new(uint64_t room, struct err *e);

/*
 * How much more of it may be kept: all of a pod's lies on the host's disk, outside of what the pod
 * may store.  So it is at most a quarter of undo.max_size (the rest is for what people do), and no
 * more than budget.max_storage.  Nothing left: status 3, which says what makes room.
 */
int kept_room(const struct store *s, const struct plan *pl, uint64_t *room, struct err *e);

/* queue/undo/ID; in words, for undo_register(). */
char *kept_path(const char *id);
/* Write them, synced; of the action what says which it was.  An empty undo: nothing reverses it. */
int kept_save(const struct store *s, const struct action *a, const struct buf *undo, int kept,
	      struct err *e);
void kept_drop(const struct store *s, const char *id);
/* Read action and undo object, and open what was kept (empty where nothing was). */
int kept_load(const struct store *s, const char *id, struct action *a, struct buf *undo,
	      struct err *e);

#endif
