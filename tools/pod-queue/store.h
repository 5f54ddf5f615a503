/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods/NAME/queue: a directory for each state, a file for each action, a rename for each step.
 *
 * Who changes something holds the lock, and looks again once he has it.  A file is rewritten where
 * it lies, synced, and then renamed: whatever crashes, every action is in exactly one place, and a
 * file that says how it ended but has not been moved yet is moved by the next who opens the store.
 * What is in running/ has begun: nobody ever begins it again.
 */
#ifndef POD_QUEUE_STORE_H
#define POD_QUEUE_STORE_H

#include "libcommon/pod.h"
#include "tools/pod-queue/action.h"

enum place {
	PLACE_NEW,
	PLACE_DELAYED,
	PLACE_STAGED,
	PLACE_RUNNING,
	PLACE_DONE,
	PLACE_DENIED,
	PLACES,
	PLACE_APPROVED = PLACES, /* approvals, not actions */
	STORE_DIRS,
};
extern const char *const place_names[STORE_DIRS];

struct store {
	const struct pod *pod;
	int root; /* pods/NAME/queue */
	int dir[STORE_DIRS];
	int lock; /* held, or -1 */
};

#define STORE_INIT                                                          \
	{                                                                   \
		.root = -1, .dir = {-1, -1, -1, -1, -1, -1, -1}, .lock = -1 \
	}

/* Made when missing.  pod must stay. */
int store_open(struct store *s, const struct pod *pod, struct err *e);
void store_finish(struct store *s);
/* Is there any queue at all? */
bool store_exists(const struct pod *pod);

/* After the pod's own lock, if both are needed; waits. */
int store_lock(struct store *s, struct err *e);
void store_unlock(struct store *s);

/* Where the action is now: its place, -ENOENT. */
int store_find(const struct store *s, const char *id);
/* Read it from there; -errno with e set. */
int store_read(const struct store *s, enum place place, const char *id, struct action *a,
	       struct err *e);
/* Under the lock: write a new one. */
int store_add(const struct store *s, enum place place, const struct action *a, struct err *e);
/* Under the lock: it goes from one place to another, and says so itself from now on. */
int store_move(const struct store *s, enum place from, enum place to, const struct action *a,
	       struct err *e);
/* The name as it is, ended now: status, reason (NULL: none), and off to done/ or denied/. */
int store_end(const struct store *s, enum place from, struct action *a, const char *status,
	      const char *reason, struct err *e);

/* IDs in a place, oldest name first is not promised; those whose file is none of ours are passed
 * over. */
int store_list(const struct store *s, enum place place, struct strv *ids, struct err *e);
/* "ID.json" → id; false for any other name. */
bool store_id_of(const char *file, char id[ACTION_ID]);

/* Find by a beginning that fits one action only.  Its place; -ENOENT, -EEXIST with e set. */
int store_match(const struct store *s, const char *prefix, char id[ACTION_ID], struct err *e);

#endif
