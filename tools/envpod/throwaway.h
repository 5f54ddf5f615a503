/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clone of a pod that lives as long as this process, whatever ends it: a guard, which no terminal
 * and no signal reaches, destroys it then.  Where the guard was killed, too, gc does.
 *
 * It has a run directory of its own (RUN/.verify/X), and its lock in the common one is held all the
 * time: nobody else takes it for a pod to work on.  Its log goes with it.
 */
#ifndef ENVPOD_THROWAWAY_H
#define ENVPOD_THROWAWAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

struct throwaway {
	char name[POD_NAME_MAX + 1];
	char *run; /* its run directory */
	int alive; /* held open by us: the guard waits for its end */
	pid_t guard;
	struct pod claim; /* it, in the common run directory */
	struct pod pod;   /* it, in its own */
};

#define THROWAWAY_INIT                                          \
	{                                                       \
		.alive = -1, .claim = POD_INIT, .pod = POD_INIT \
	}

/*
 * Clone what source is at present.  To be called in the network namespace that the clone is to live
 * in.  From here on pod_run_dir() is the clone's.  An exit status.
 */
int throwaway_begin(struct throwaway *t, const char *source);
/* Destroy it; an exit status. */
int throwaway_end(struct throwaway *t);

/* Those whose owner and guard are dead.  dry: count only. */
int throwaway_gc(bool dry, unsigned *n);

#endif
