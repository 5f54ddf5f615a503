/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session of a pod with a desktop: it waits for the pod's init, starts what plugins named as
 * services (RUN/NAME/needs), keeps it while the init lives, and waits again.
 */
#ifndef POD_SUPERVISE_SESSION_H
#define POD_SUPERVISE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/cgroup_tree.h"
#include "libcommon/err.h"
#include "libcommon/need.h"
#include "libcommon/pod.h"
#include "tools/pod-supervise/member.h"

struct session {
	struct pod pod, set; /* set.run: RUN/NAME/desktop */
	int events;          /* the keeper's writer; -1: we write the log ourselves */
	int changes, signals, logdir;
	bool ending;
	struct buf told; /* session.json as it was written last */

	/* one life of the pod */
	pid_t init_pid; /* 0: none lives */
	int init, doors;
	struct cgtree groups;
	struct needs needs;
	struct member v[NEED_SERVICES_MAX];
	int said[NEED_SERVICES_MAX]; /* read ends, so that a scribe's death loses nothing */
	int n;
	pid_t scribe;
	int64_t scribe_due;
};

#define SESSION_INIT                                                                          \
	{                                                                                     \
		.pod = POD_INIT, .set = POD_INIT, .events = -1, .changes = -1, .signals = -1, \
		.logdir = -1, .init = -1, .doors = -1, .groups = CGTREE_INIT                  \
	}

int session_open(struct session *s, const char *pod, struct err *e);
void session_finish(struct session *s);
/* Until SIGTERM. */
void session_run(struct session *s);

/* --- life.c: from an init's beginning to its end --- */

/* 1: one lives, and its services are known; 0: none does; -errno with e set: it goes without. */
int life_begin(struct session *s, struct err *e);
void life_end(struct session *s);
/* The scribe of this life, when there is none. */
void life_scribe(struct session *s);

/* --- told.c: what others hear of it --- */

/* RUN/NAME/desktop/session.json, replaced where it has changed. */
void told_save(struct session *s);
void told_up(const struct session *s, const struct member *m);
/* status as wait(2) has it. */
void told_down(const struct session *s, const struct member *m);

#endif
