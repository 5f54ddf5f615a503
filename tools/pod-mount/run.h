/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out a journal's steps, forward and back. */
#ifndef POD_MOUNT_RUN_H
#define POD_MOUNT_RUN_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/site.h"

struct run {
	const struct pod *pod;
	struct journal *j;
	struct id_map ids;
	struct site *sites; /* as many as j->sites */
	int kept;           /* undo/ID/new */
	int taken;          /* undo/OTHER/new of the record that is undone, -1 */
	int given;          /* undo/ID/layers, in which layers are made, -1 */
	bool remembers;     /* a commit, of which the pod remembers what it left (committed.h) */
	bool live;          /* and whose layers keep what was committed: a process lives in it */
	struct strv stays;  /* host directories that were not removed: something is in them */
	/* the directory that was used last */
	uint32_t at_site;
	char *at_dir;
	int at_fd;
};

#define RUN_INIT                                                  \
	{                                                         \
		.kept = -1, .taken = -1, .given = -1, .at_fd = -1 \
	}
#define OWN_RUN __attribute__((cleanup(run_finish)))

/* Open the sites of a journal that has begun, and their staging directories. */
int run_open(struct run *r, const struct pod *p, struct journal *j, const struct id_map *ids,
	     struct err *e);
void run_finish(struct run *r);

/* "17": the name of step i's entry in its staging directory. */
#define STEP_NAME 24
void step_name(char out[STEP_NAME], size_t i);
/* "a17": in undo/ID/new, while the operation goes on, a directory with the attributes that step i
 * gives one of the host's. */
void step_attributes(char out[STEP_NAME], size_t i);
/* The staging directory of a step: a drop's is undo/ID/new, the others' that of their site. */
int step_stage(const struct run *r, const struct step *st);

/*
 * Do every step that is not done yet.  A host entry that is not the one the plan saw is a conflict:
 * status 3, and the steps done so far stay for run_undo().
 */
int run_apply(struct run *r, struct err *e);
/* Take back every step that was done, and hand staged files back to their layers.  Goes on after a
 * failure; the first one is returned. */
int run_undo(struct run *r, struct err *e);
/* Make sure that what was staged, or what was applied, is on disk. */
int run_sync_staged(struct run *r, struct err *e);
int run_sync(struct run *r, struct err *e);
/*
 * All steps are done: keep pre-images, take what was committed out of the layers, forget its bases,
 * sync, and close the journal.
 */
int run_close(struct run *r, struct err *e);
/* Take everything back and close the journal; undo/ID goes when nothing is left in it. */
int run_abandon(struct run *r, struct err *e);
/* Keep the mode, owner and xattrs of a step's host directory: an empty directory that has them. */
int run_keep_looks(const struct run *r, const struct step *st, const char *name);
/* Note the times of the directories that steps act in.  Before the first step. */
int run_note_dirs(struct run *r, struct err *e);
/* Note in the steps what the host has of them now: what an undo will want to find. */
int run_left(struct run *r, struct err *e);
/* Bring pre-images from staging directories on other filesystems to undo/ID/new. */
int run_keep(struct run *r, struct err *e);
/* Remove staging directories that are not undo/ID/new. */
void run_unstage(struct run *r);
/* Remove what a step's attributes were staged in. */
void run_drop_attributes(const struct run *r, size_t i);
/* Remove undo/ID, of which nothing is worth keeping. */
void run_forget(struct run *r);

#endif
