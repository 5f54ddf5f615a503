/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of the pod's, as its session keeps it: a `pod-exec --beside` of ours, which the process
 * in the pod lives and dies with.  WAITING for those of `after`, and for the end of a pause, until
 * it is STARTING; UP when what its `ready` names has appeared; ENDING when it was told to.
 */
#ifndef POD_SUPERVISE_MEMBER_H
#define POD_SUPERVISE_MEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/need.h"
#include "tools/pod-supervise/place.h"

#define MEMBER_PATIENCE_MS 20000 /* to become ready */
#define MEMBER_END_MS      2000  /* to end when told to */
#define MEMBER_DELAY_MIN   200
#define MEMBER_DELAY_MAX   10000
#define MEMBER_STEADY_MS   60000 /* up for so long: the next death is another matter */

enum member_state { MEMBER_WAITING, MEMBER_STARTING, MEMBER_UP, MEMBER_ENDING };

struct member {
	const struct need_service *need;
	enum member_state state;
	pid_t pid;  /* of its pod-exec; 0: none lives */
	int begun;  /* a byte comes here once the command is executed; -1: it has, or none lives */
	int listen; /* the socket that it is handed; -1: none */
	int said;   /* write end of its pipe to the scribe */
	const char *why;     /* it was ended: "late", "set"; NULL */
	struct place before; /* what lay at `ready` when it began */
	unsigned restarts, delay_ms;
	int64_t next;   /* ms: not to be started again before */
	int64_t due;    /* ms: end of our patience, STARTING, or of its life, ENDING */
	bool untold;    /* its end is not on record yet: the pod's own end is no news of it */
	int status;     /* of that end, as wait(2) has it */
	int64_t since;  /* ms, of this state */
	char stamp[40]; /* the same as people write it */
};

const char *member_state(const struct member *m);
void member_enter(struct member *m, enum member_state state);

/* Start it in the pod.  -errno with e set: it is WAITING as before. */
int member_start(struct member *m, const char *pod, struct err *e);
/* SIGTERM, and SIGKILL when due.  why: as above. */
void member_end(struct member *m, const char *why);
/* Its process has ended: WAITING, with a longer pause after a short life. */
void member_gone(struct member *m, int status);

#endif
