/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command behind the same walls as every other of the pod, but out of their sight: executors of
 * actions, which act on what the pod's processes asked for, must not be stopped, read or written by
 * them.  Its pid namespace lies beside the pod's, not in it, so nobody in there has a number for
 * it; /proc, /dev/shm, message queues and System V IPC are its own; the view, the network, the
 * user namespace and the control group are the pod's.
 *
 * Who is who: pid 1 of that namespace is ours (the leader), the command its child.  With the leader
 * the kernel ends them all: when the command has ended, when the outer process has, when the pod's
 * init has.
 */
#ifndef POD_EXEC_APART_H
#define POD_EXEC_APART_H

#include "libcommon/err.h"
#include "tools/pod-exec/run.h"

/* Check --keep-fd and --exec-fd: regular files, with --apart alone, but for a sealed file of memory
 * to execute.  Fills r->keep and r->exec. */
int apart_files(struct run *r, struct err *e);

/* In the child, born in its new namespaces, with the host's powers: take the pod's view, and then
 * its user namespace, from its init (a pidfd). */
int apart_enter(int init, struct err *e);

/* In the child, when the walls stand: returns in the command's process; the leader never does. */
int apart_start(int init, struct err *e);

/* Execute the file; a script sees it as /dev/fd/N.  Returns only when that fails. */
void apart_exec(int fd, char *const argv[], char *const env[]);

#endif
