/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's pid 1.  It is born in the pod's pid, uts, ipc and cgroup namespaces, builds /proc, /sys
 * and /dev, makes the view its root, gives up the host's powers, and then lives as long as any run
 * of the pod does.
 *
 * How it knows: every run holds a shared flock on RUN/NAME/runs through a descriptor of its own;
 * the init waits for the exclusive one, and ends with it.  The kernel gives it when the last run
 * has let go, however that run ended, kill -9 included; the last run, when it is alive to see that
 * it is the last, tells the init at once.  The init then kills what is left, marks the file as
 * ended, and goes.  Who is refused the lock, or finds the mark, knows that it came too late.
 */
#ifndef POD_EXEC_BOOT_H
#define POD_EXEC_BOOT_H

#include <signal.h>
#include <stdbool.h>
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

/* Let go of the pod; the last run tells the init to end it.  True when it is ending. */
bool boot_leave(struct run *r);
/*
 * Then: wait until no process of the pod is left, and a moment for its mounts to go.  With the last
 * of them the kernel syncs the file system that the view writes to, which takes long on a busy
 * host: the next command waits for that (pod_init_pid()), not the caller of this run.
 */
void boot_wait_end(struct run *r);

/* Until the init is gone, or the time is over: false.  Its remains may be waiting to be reaped by
 * the host's pid 1, which some hosts are slow at. */
#define BOOT_PATIENCE_MS 10000
bool boot_wait_gone(const struct run *r, int ms);

/* Tells the init to end the pod, whatever lives in it.  Blocked until it can be obeyed. */
#define BOOT_SIGNAL_END SIGRTMIN

/* In the init: hold a second lock on the same file, for as long as it has its descriptors. */
int boot_hold(int lock);
/* In the init: mark the pod as ended, when nothing else lives in it. */
void boot_mark(int lock);

#endif
