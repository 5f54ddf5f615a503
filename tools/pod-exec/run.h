/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run: what was asked for, what it was resolved to, and the descriptors the walls are made of.
 *
 * Who is who.  The outer process is the one the caller started: it stays on the host, forwards
 * signals, relays the terminal, writes the audit log and ends with the command's status.  The init
 * is pid 1 of the pod.  The command is a child of the outer process born in the pod's pid
 * namespace; on a terminal a session leader of ours stands between them (session.h).
 */
#ifndef POD_EXEC_RUN_H
#define POD_EXEC_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "libcommon/buf.h"
#include "libcommon/cgroup.h"
#include "libcommon/err.h"
#include "libcommon/need.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-exec/user.h"

/* The words of the command line. */
struct ask {
	const char *pod, *user, *cwd, *tty;
	bool root, unsafe;
	bool apart; /* in process and IPC namespaces of its own (apart.h) */
	bool probe; /* joins or fails; no run of anybody's: not on record, whatever is allowed */
	const char *beside; /* guardian, app: a probe that stays (beside.h) */
	struct strv env, without;
	uint64_t status_fd, ready_fd; /* UINT64_MAX: none */
	uint64_t keep_fd, exec_fd;    /* the same */
	uint64_t listen_fd;           /* the same */
	char **argv;                  /* the command */
	char **self;                  /* our own command line, for starting again */
};

struct run {
	const struct ask *ask;
	struct pod pod;
	struct plan plan;
	struct user user;
	struct strv env;     /* the command's environment */
	struct strv without; /* keys of walls that are not built and were waived */
	struct strv dirs;    /* where to stand: the first that works */
	uid_t base;          /* host id of pod id 0 */
	bool join;           /* an init lives */
	bool host_net;       /* network: Unsafe */
	bool landlock_fs;    /* off under the profile that allows nested sandboxes */

	int view;    /* the view's root: ours when fresh, the init's when joining; O_PATH */
	int home;    /* mount namespace of the host, -1: unknown */
	int pidns;   /* our own pid namespace */
	int userns;  /* pinned */
	int netns;   /* pinned; -1 with host_net */
	int bpf;     /* compiled seccomp filter */
	int runs;    /* RUN/NAME/runs, a shared lock held for the life of this run */
	int init;    /* pidfd of the pod's init */
	int secrets; /* a pipe with the command's own, read in its process alone; -1: none */
	int keep;    /* a regular file that the command has under this number, too; -1: none */
	int listen;  /* with --beside: a listening socket, the command's 3; -1: none */
	int exec;    /* the command's program, a regular file of the host; -1: argv[0] of the pod */
	pid_t init_pid;
	struct cgroup cgroup;
	struct needs needs; /* what pod-mount judged (need.h) */
};

void run_init(struct run *r, const struct ask *ask);
void run_finish(struct run *r);

/* Read plan and policy, and open everything the walls are made of. */
int run_open(struct run *r, struct err *e);

/* Do it all; the exit status of pod-exec. */
int run_main(const struct ask *ask);

#endif
