/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's pid 1.  It is born in the pod's pid, uts, ipc and cgroup namespaces, builds /proc, /sys
 * and /dev, makes the view its root, gives up the host's powers, and then lives as long as any run
 * of the pod does.
 *
 * How it knows: every run holds a shared flock on RUN/NAME/runs through a descriptor of its own;
 * the init waits for the exclusive one, and ends with it.  The kernel gives it when the last run
 * has let go, however that run ended, kill -9 included.  While the init (or the last run, seeing
 * it off) holds it, nobody can join any more: a lock that is refused tells a joiner so.
 */
#ifndef POD_EXEC_BOOT_H
#define POD_EXEC_BOOT_H

#include <sys/types.h>

#include "libcommon/err.h"
#include "tools/pod-exec/run.h"

struct boot {
	int report; /* the init says here how it went */
	int lock;   /* the init's own descriptor of RUN/NAME/runs */
};

#define BOOT_INIT                         \
	{                                 \
		.report = -1, .lock = -1, \
	}

void boot_finish(struct boot *b);

/* Make RUN/NAME/runs anew and start the init: fills r->runs, r->init and r->init_pid. */
int boot_start(struct run *r, struct boot *b, struct err *e);

/* Wait until it stands and is registered in RUN/NAME/init.pid. */
int boot_wait(struct run *r, struct boot *b, struct err *e);

/*
 * Take part in the life of the init that is there.  1 when it is just ending: nothing can be
 * joined, and a new view is needed once it is gone.
 */
int boot_join(struct run *r, struct err *e);

/* Let go of the pod; the last run ends it.  True when it is ending: see boot_wait_gone(). */
bool boot_leave(struct run *r);

/* Until the init is gone, or the time is over: false.  Its remains may be waiting to be reaped by
 * the host's pid 1, which some hosts are slow at. */
#define BOOT_PATIENCE_MS 10000
bool boot_wait_gone(const struct run *r, int ms);

/* Mark the pod as ended: by whoever holds the lock exclusively, before the lock is let go. */
void boot_end(int lock);

#endif
