/* SPDX-License-Identifier: Apache-2.0 */
/* commit -p: asking about each hunk. */
#ifndef POD_MOUNT_PICK_H
#define POD_MOUNT_PICK_H

#include "tools/pod-mount/hunks.h"

struct pick_ask {
	const char *pod;
	const struct selection *sel; /* which changes are asked about */
	struct hunks *hunks;         /* out */
	const char *cwd;
	bool all, setup;
};

/*
 * Show every change and hunk on the terminal and ask.  The pod's lock is not held meanwhile.
 * Without a terminal on both sides it is wrong usage; when the terminal hangs up nothing is chosen.
 */
int pick_hunks(const struct pick_ask *ask, struct err *e);

#endif
