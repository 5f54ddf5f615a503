/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was committed from a pod that runs: its layers must not be edited then, so they keep what
 * the host has by now.  pods/NAME/committed remembers the host's entry as the commit left it: INO
 * CTIME_NS PATH a line, later ones count.  As long as the host's entry is that one, nobody else
 * changed it.
 */
#ifndef POD_MOUNT_COMMITTED_H
#define POD_MOUNT_COMMITTED_H

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/run.h"

#define COMMITTED_MAX (256u << 20) /* bytes */

struct committed {
	struct committed_line {
		const char *path;
		uint64_t ino, ctime_ns; /* 0: it was deleted */
	} * v;                          /* by path */
	size_t n;
	struct buf text;
};

#define OWN_COMMITTED __attribute__((cleanup(committed_finish)))

int committed_load(struct committed *c, const struct pod *p, struct err *e);
/*
 * What operations that were taken back left as it was before them, but for its ctime:
 * pods/NAME/undo/restored, in the same form, which unlike the above is kept for undo.
 */
int committed_load_restored(struct committed *c, const struct pod *p, struct err *e);
/* The same from text; lines that are not understood are left out: they then protect nothing. */
void committed_parse(struct committed *c, const char *text, size_t len);
void committed_finish(struct committed *c);
/* Is the host's entry at path the one that a commit left? */
bool committed_has(const struct committed *c, const char *path, uint64_t ino, uint64_t ctime_ns);

/* Did operations leave this entry at path, and then nothing there? */
bool committed_removed(const struct committed *c, const char *path, uint64_t ino,
		       uint64_t ctime_ns);

/* Before a commit: which directories did somebody else change since the view began?  What was
 * deleted from those must not pass for our doing. */
int committed_before(struct journal *j, const struct site *sites, const struct pod *p,
		     uint64_t start, struct err *e);
/* Remember what the steps of a run did; live: the pod's layers keep it. */
int committed_add(const struct run *r, bool live, struct err *e);
/* Remember what taking it back did: those entries are as they were but for their ctime. */
int committed_restored(const struct run *r, struct err *e);

/*
 * Take what was committed out of the layers of a pod in which no process lives.  Under the pod's
 * lock, before a view is built; does nothing when nothing was committed live.
 */
int commit_prune(const struct pod *p, struct err *e);

#endif
