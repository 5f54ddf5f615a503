/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVPOD_DESTROY_H
#define ENVPOD_DESTROY_H

#include <stdbool.h>

/*
 * Remove a pod: ends its processes, moves its audit log, and its layers where they hold changes
 * that were not committed, to archive/NAME-TIME.  Such changes are refused (3) unless force, or yes
 * on a terminal.  An exit status.
 */
int destroy_pod(const char *name, bool force);

/* All of it goes, log and changes too: for what was made to be thrown away.  An exit status. */
int destroy_forget(const char *name);

#endif
