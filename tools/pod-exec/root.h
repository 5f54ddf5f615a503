/* SPDX-License-Identifier: Apache-2.0 */
/* /proc, /sys and /dev of the pod, and leaving the host's root for the view's. */
#ifndef POD_EXEC_ROOT_H
#define POD_EXEC_ROOT_H

#include <stdint.h>
#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/need.h"
#include "libcommon/plan.h"
#include "tools/pod-exec/shown.h"

struct root {
	const struct plan *plan;
	uid_t base; /* host id of pod root, who shall own /dev */
	struct shown *shown;
	const struct needs *needs; /* devices of the host's */
	int null;                  /* the pod's /dev/null, opened; -1 until root_build() */
};

/*
 * Mount them below the working directory, which is the view's root.  The caller stands in the
 * pod's pid, ipc and net namespaces, in the private mount namespace, with the host's powers.
 */
int root_build(struct root *root, struct err *e);

/*
 * Over those of a pod that lives, where the caller stands in a private copy of its mount namespace
 * and in pid and ipc namespaces of its own: a /proc of these, /dev/shm and /dev/mqueue.
 */
int root_apart(struct err *e);

/* Make the working directory "/" and let go of everything above and beside it. */
int root_enter(struct err *e);

#endif
