/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit will not do, said path by path before anything happens. */
#ifndef POD_MOUNT_REFUSE_H
#define POD_MOUNT_REFUSE_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "tools/pod-mount/survey.h"

struct refuse_opts {
	const char *cwd;
	bool sensitive;      /* --sensitive */
	bool include_system; /* --include-system */
	bool elsewhere;      /* --output: the host's own files are not touched */
	bool partial;        /* leave out what is refused, and commit the rest */
	bool theirs;         /* conflicts: the pod's side wins */
	bool ours;           /* conflicts: the host's side wins, the pod's is to be dropped */
	bool json;
	/* what the last check found: */
	size_t left_out;
	struct strv lines; /* a line for each path left out */
	struct strv drop;  /* paths of which the host's side won */
	struct strv paths; /* those left out */
	const char *first; /* the first reason */
};

/*
 * Look at every chosen change.  Devices and sockets are taken out of the choice, unless they were
 * named, and so is what the options leave out, with all that needs it.  If anything is refused:
 * each path with its reason on stderr (json: stdout), an event, and status 3.
 */
int refuse_check(struct survey *s, struct refuse_opts *o, struct err *e);
/* Say and record what was left out; status 3 when that was anything. */
int refuse_left_out(const struct survey *s, struct refuse_opts *o, struct err *e);
void refuse_finish(struct refuse_opts *o);

#endif
