/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod on disk: where its files are, who may touch them, whether it lives.
 *
 * Lock order, for the whole project: first the pod's own lock (RUN/NAME/lock), then that of its
 * policy (flock of pods/NAME/policy), then the vault's (STATE/keys/lock), then that of the keys
 * that seal logs (STATE/keys/audit/lock), then the audit lock (STATE/pods/NAME/audit/lock).  Nobody
 * waits for an earlier one while holding a later one.
 */
#ifndef LIBCOMMON_POD_H
#define LIBCOMMON_POD_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcommon/err.h"

#define POD_NAME_MAX 63
/* The layout of the state directory; a directory that says more is refused (status 78). */
#define POD_STATE_VERSION 1

/* $ENVPOD_STATE_DIR, else $ENVPOD_DIR, else /var/lib/envpod.  Absolute; kept for the process. */
const char *pod_state_dir(void);
/* $ENVPOD_RUN_DIR, else /run/envpod. */
const char *pod_run_dir(void);
/* Another from now on, for this process and those it starts.  dir is copied. */
void pod_run_dir_use(const char *dir);

/* [a-z0-9][a-z0-9._-]{0,62}, neither "." nor "..".  Status 64 otherwise. */
int pod_check_name(const char *name, struct err *e);

/* Root, or 77.  Every program calls it before it touches state. */
int pod_check_caller(struct err *e);

/* The person who asked: SUDO_UID/SUDO_GID when root was reached by sudo, else the real ids. */
struct pod_caller {
	uid_t uid;
	gid_t gid;
	char name[64];
	char home[256];
	char shell[128];
};
int pod_caller(struct pod_caller *c, struct err *e);
/* The same for any user of the host's /etc/passwd, by name or number (no NSS: programs are static).
 */
int pod_host_user(const char *name_or_uid, struct pod_caller *c, struct err *e);

struct pod {
	char name[POD_NAME_MAX + 1];
	int dir;    /* STATE/pods/NAME, O_PATH or readable directory */
	int run;    /* RUN/NAME, made when missing (0700) */
	int lock;   /* held lock, or -1 */
	char *path; /* STATE/pods/NAME */
	char *runpath;
};

#define POD_INIT                                 \
	{                                        \
		.dir = -1, .run = -1, .lock = -1 \
	}

/* Make STATE, RUN and their version file when missing, check mode 0700 and the version. */
int pod_state_open(struct err *e);

/* Open an existing pod: name, caller and state version are checked.  Status 2 when there is none.
 */
int pod_open(struct pod *p, const char *name, struct err *e);
void pod_finish(struct pod *p);

/*
 * Take the pod's lock: everything that mounts, turns layers over, commits, rolls back or destroys.
 * Waits at most wait_ms; then EAGAIN, status 75.  The lock lives in an open file description: it
 * passes over exec to a child that inherits it (ENVPOD_LOCK_FD): when that variable names a
 * descriptor of this very file, the caller's lock is ours too and nothing waits.
 */
int pod_lock(struct pod *p, int wait_ms, struct err *e);
void pod_unlock(struct pod *p);
/* Let the programs we start or become inherit the held lock: sets ENVPOD_LOCK_FD. */
int pod_lock_pass(const struct pod *p, struct err *e);

/*
 * The live init of the pod, as a pidfd in *pidfd and its pid as result; 0 when none lives.
 * RUN/NAME/init.pid says "PID STARTTIME"; a recycled pid is not taken for it.  One that is marked
 * as ended (RUN/NAME/runs is not empty) is waited for, at most 10 s: then the view is unmounted.
 * Where nobody can tell, -errno: what may live must not be taken for dead.
 */
pid_t pod_init_pid(const struct pod *p, int *pidfd, struct err *e);
/* For who has no way to fail: it lives, or nobody can tell. */
bool pod_may_live(const struct pod *p);
int pod_init_set(const struct pod *p, pid_t pid, struct err *e);
/* Field 22 of /proc/PID/stat, 0 when there is no such process, or it cannot be looked at. */
unsigned long long pod_start_time(pid_t pid);

/* RUN/NAME/ns, a mount of its own, private: pins must not propagate to other mount namespaces. */
int pod_ns_dir(const struct pod *p, struct err *e);

/*
 * The pinned user namespace of the pod (RUN/NAME/ns/user), made when missing.
 * Map: 0 BASE 65536, less the identity entry of uid and gid when they are not 0 (KERNEL-NOTES 2).
 * Returns a descriptor for setns and mount_setattr, or -errno.
 */
int pod_userns(const struct pod *p, uid_t base, uid_t uid, gid_t gid, struct err *e);

/* Where a name of the pod's ids lies on disk: host id <-> id in the pod, by the same map. */
uid_t pod_map_out(uid_t inside, uid_t base, uid_t identity); /* (uid_t)-1: not mapped */
uid_t pod_map_in(uid_t outside, uid_t base, uid_t identity); /* 65534: not mapped */

/* Directory name of a covered filesystem in upper/, work/, mask/ and layers: "/" is "_",
 * "/home/u" is "_home_u"; '_' and '%' inside become %5F and %25.  Caller frees. */
char *pod_cover_name(const char *path);
char *pod_cover_path(const char *name);

#endif
