/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which runs can have written a layer: pods/NAME/provenance while it is the upper, then
 * layers/ID/provenance.  A line a run, oldest first:
 *
 *     TIME_NS UID USER COMMAND ARGUMENT...
 *
 * words as in fstab.  The first line is the run the view was built for; runs that joined it follow.
 * Merged layers have the lines of both.  For people: nothing is decided by it.
 */
#ifndef POD_MOUNT_PROVENANCE_H
#define POD_MOUNT_PROVENANCE_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

#define PROVENANCE_MAX (256u << 10) /* bytes; later runs are no longer noted */

struct run_note {
	uint64_t time_ns;
	uint64_t uid;
	char *user;
	char *command; /* words joined by blanks */
};

struct run_notes {
	struct run_note *v;
	size_t n;
};

#define OWN_RUN_NOTES __attribute__((cleanup(run_notes_finish)))

/* A new view begins with this run; argv is that of enter: POD COMMAND... */
int provenance_begin(const struct pod *p, const struct plan *plan, char *const *argv,
		     struct err *e);
/* This run joins. */
int provenance_add(const struct pod *p, const struct plan *plan, char *const *argv, struct err *e);
/* The upper becomes the layer that is made in `dir`.  -errno. */
int provenance_pass(const struct pod *p, int dir);
/* The layer `newer` is merged into `older`; may be done twice.  -errno. */
int provenance_merge(int older, int newer);

/* Of the open directory of a pod or a layer; none when nothing, or nothing readable, is there. */
void provenance_read(struct run_notes *r, int dir);
/* The same from text; lines that are not understood are left out. */
void provenance_parse(struct run_notes *r, const char *text, size_t len);
void run_notes_finish(struct run_notes *r);

#endif
