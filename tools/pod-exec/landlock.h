/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock as a second layer: no device nodes (also not overlayfs whiteouts, which need no
 * capability), no mounting whatever else fails; on the host's own network no abstract sockets of
 * processes outside the pod.
 */
#ifndef POD_EXEC_LANDLOCK_H
#define POD_EXEC_LANDLOCK_H

#include <stdbool.h>

#include "libcommon/err.h"

/* The ABI this kernel speaks; 0: none. */
int landlock_abi(void);

/*
 * Confine this process, standing in the pod's root, with no_new_privs set.  fs: the file system
 * part, which also forbids every mount; abstract: abstract sockets too.  A kernel without
 * Landlock, or one too old for a part, goes without it (doctor says so).
 */
int landlock_confine(bool fs, bool abstract, struct err *e);

#endif
