/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking back what was done.  A record is undone by another operation with a journal and a record
 * of its own, so that it can be taken back as well, and is crash-safe by the same means:
 *
 *     commit, redo   -> undo      the host as it was; the agent's changes are the pod's again
 *     undo           -> redo      what was taken back is the host's again
 *     rollback       -> return    the agent's work is in the pod again
 *     return         -> rollback
 *     restore, reset -> unrestore     another stack, and the one of before
 *
 * Each kind of journal is a row of the table in undo.c.  A note (libcommon/undo.h) is taken back by
 * the command that it names.
 */
#ifndef POD_MOUNT_UNDO_H
#define POD_MOUNT_UNDO_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/undo_record.h"

struct undo {
	struct pod pod;
	struct plan plan;
	struct id_map ids;
	struct undo_records records;
	const struct undo_record *what;
	struct journal old; /* its journal */
	const char *cwd;    /* messages are relative to it */
	bool force, dry, json;
	size_t files;       /* how many were brought back */
	struct strv failed; /* with --all: what could not be, and why */
};

struct undo_kind {
	const char *verb;
	const char *text; /* what it did, for lists */
	bool stands;      /* --all takes it back: it is no undo itself */
	int (*run)(struct undo *u, struct err *e);
};

/* The row of a record's verb, or NULL. */
const struct undo_kind *undo_kind(const char *verb);

/* Put the host back as it was before u->what: of commit, redo, undo. */
int undo_on_host(struct undo *u, struct err *e);
/* Bring the agent's work back into the pod: of rollback. */
int undo_in_pod(struct undo *u, struct err *e);
/* Drop it again: of return. */
int undo_return(struct undo *u, struct err *e);
/* Put the stack of before in its place again: of restore, unrestore.  In restore.c. */
int undo_restore(struct undo *u, struct err *e);

/* Run the command of a note: u->what.  Status 3 where it cannot be, or the state changed since. */
int undo_by_command(struct undo *u, struct err *e);

#endif
