/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths diff, commit and rollback speak of without --all: plan track.watch, less
 * track.ignore, and the -w directories of the pod's runs. */
#ifndef POD_MOUNT_TRACK_H
#define POD_MOUNT_TRACK_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/plan.h"

enum track_place {
	TRACK_OUT,   /* not tracked, and nothing below it is */
	TRACK_ABOVE, /* not tracked, but something below it may be */
	TRACK_IN,    /* tracked; parts below it may be ignored */
};

struct track {
	bool all;        /* --all: everything but what pod-mount itself writes */
	bool everything; /* an empty watch list */
	struct strv watch, ignore;
};

#define OWN_TRACK __attribute__((cleanup(track_finish)))

/* dirs: the -w directories (may be empty). */
void track_init(struct track *t, const struct plan *pl, const struct strv *dirs, bool all);
void track_finish(struct track *t);
enum track_place track_place(const struct track *t, const char *path);
/* Does the same hold for everything below dir as for dir itself? */
bool track_uniform(const struct track *t, const char *dir);

#endif
