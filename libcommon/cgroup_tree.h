/* SPDX-License-Identifier: Apache-2.0 */
/* Where the hierarchies are mounted, and the directories of one pod in them. */
#ifndef LIBCOMMON_CGROUP_TREE_H
#define LIBCOMMON_CGROUP_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"

enum controller { CTL_CPU, CTL_CPUSET, CTL_MEMORY, CTL_PIDS, CTL_IO, CTL_COUNT };

struct controller_name {
	const char *v2, *v1;
};
extern const struct controller_name controller_names[CTL_COUNT];

/* Mount points, from a mountinfo text: "" where there is none. */
struct cgroup_mounts {
	char v2[256];
	char v1[CTL_COUNT][256];
};
void cgroup_mounts_parse(struct cgroup_mounts *m, const char *mountinfo, size_t len);

/* Descriptors, -1 where there is none. */
struct cgtree {
	char group[128]; /* TOP/GROUP */
	struct cgroup_mounts at;
	int root2;                  /* mount point of cgroup2 */
	int pod2, pod1[CTL_COUNT];  /* the pod's groups */
	bool new2, new1[CTL_COUNT]; /* made by us just now */
	char has2[128];             /* the controllers that pod2 has */
};

#define CGTREE_NONE                \
	{                          \
		-1, -1, -1, -1, -1 \
	}
#define CGTREE_INIT                                          \
	{                                                    \
		.root2 = -1, .pod2 = -1, .pod1 = CGTREE_NONE \
	}
#define OWN_CGTREE __attribute__((cleanup(cgtree_finish), unused))

/* Find the hierarchies and the groups that exist.  Fails only when mountinfo cannot be read. */
int cgtree_open(struct cgtree *t, const char *pod, struct err *e);
void cgtree_finish(struct cgtree *t);

/* Make the pod's v2 groups when missing; -errno without a message (read-only mounts, containers).
 */
int cgtree_make_v2(struct cgtree *t);
/* Make the pod's group in a v1 hierarchy when missing. */
int cgtree_make_v1(struct cgtree *t, enum controller c);

/* Has the pod's v2 group the controller's files? */
bool cgtree_has(const struct cgtree *t, enum controller c);
/* Hand the controller down to the pod's v2 group.  -errno when v2 does not have it. */
int cgtree_enable(struct cgtree *t, enum controller c);

/* Does anything live in the pod's groups? */
bool cgtree_populated(const struct cgtree *t);
/* Wait until nothing does; -EBUSY when it is still so after wait_ms. */
int cgtree_wait_empty(const struct cgtree *t, int wait_ms);
/* Wait until a key of a group's cgroup.events has this value; -ETIMEDOUT after wait_ms. */
int cgroup_wait_event(int dirfd, const char *key, unsigned long long value, int wait_ms);

/* Remove the groups, waiting up to wait_ms for the last exits to settle.  0 or -errno. */
int cgtree_remove_v2(struct cgtree *t, int wait_ms);
/*
 * Make the empty groups in the pod's anew.  Kernels (6.18 is one) that count kills per group take
 * whoever clone3(CLONE_INTO_CGROUP) puts into one that was ever killed for a process that must die.
 */
int cgtree_renew_v2(struct cgtree *t, int wait_ms);
int cgtree_remove_v1(struct cgtree *t, enum controller c, int wait_ms);

/* The value of "key N" in a flat keyed file ("populated 1"), or fallback. */
unsigned long long cgroup_stat(int dirfd, const char *file, const char *key,
			       unsigned long long fallback);

#endif
