/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies at a path of the pod's view, seen from the host and never opened.  The path is the
 * plugin's, what is there the agent's: it is looked up beneath the root of the pod's init, without
 * magic links.
 */
#ifndef POD_SUPERVISE_PLACE_H
#define POD_SUPERVISE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct place {
	bool there;
	uint64_t dev, ino, born_ns, changed_ns;
};

/* Nothing is there where nobody can tell: where init (its pid, and a pidfd) has ended, too. */
void place_look(struct place *p, pid_t pid, int init, const char *path);

/* Is it there, and another than before?  A socket that a killed server left is not the next one's.
 */
bool place_appeared(const struct place *p, const struct place *before);

#endif
