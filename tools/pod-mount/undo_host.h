/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that put the host back as it was, and the layer that gives the pod its changes again.
 */
#ifndef POD_MOUNT_UNDO_HOST_H
#define POD_MOUNT_UNDO_HOST_H

#include <sys/stat.h>

#include "tools/pod-mount/give.h"
#include "tools/pod-mount/own_left.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/undo.h"

struct undo_host {
	struct undo *u;
	struct journal j;
	struct site *sites; /* as many as u->old.sites, opened for looking */
	int kept;           /* undo/OLD/new */
	size_t *of;         /* of each step of j: the step of u->old that it takes back */
	size_t cap;
	bool *lost;           /* of each step of u->old: the host has something else by now */
	const char *made_dir; /* the directory found restored last, and its site */
	uint32_t made_site;
	struct own_left own;
	size_t conflicts;
	int fault; /* of a look that failed: 0, or -errno */
};

/* What the host has at the path of a step. */
struct host_entry {
	struct stat st;
	bool there, no_parent;
	int fault; /* -errno: nobody knows */
};
struct host_entry undo_look(const struct undo_host *h, const struct step *st);
/* What the record keeps of a step, in *now: 1; 0: nothing; -errno: nobody knows. */
int undo_kept(const struct undo_host *h, size_t i, struct stat *now);

/* Find the steps that reverse u->old; conflicts are said, and counted. */
int undo_reverse(struct undo_host *h, struct err *e);

/* Which directories get their time of before: those that nobody else acted in since. */
int undo_times(struct undo_host *h, struct err *e);

/* Copy the agent's changes, which the host still has, into the layer of h->j.  Before any step. */
int undo_give_changes(struct undo_host *h, struct run *r, struct err *e);

#endif
