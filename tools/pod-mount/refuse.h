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
};

/*
 * Look at every chosen change.  Devices and sockets are taken out of the choice, unless they were
 * named.  If anything is refused: each path with its reason on stderr, an event, and status 3.
 */
int refuse_check(struct survey *s, const struct refuse_opts *o, struct err *e);

#endif
