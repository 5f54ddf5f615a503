/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Project quotas (ext4, xfs): every inode has a project, a directory may hand its own on to what is
 * made in it, and the kernel refuses a project (ENOSPC) what goes beyond its limit.  Only the
 * initial user namespace may change any of it, so nobody in a pod can.  Leaf helpers: -errno, no
 * message.
 */
#ifndef LIBCOMMON_PROJECT_H
#define LIBCOMMON_PROJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/pod.h"

/* A pod's project, one of these, stands in pods/NAME/project. */
#define PROJECT_BASE  0x70000000u
#define PROJECT_COUNT 0x01000000u
#define PROJECT_FILE  "project"

/* Its number; 0 when it has none. */
uint32_t project_find(const struct pod *p);

struct project_use {
	uint64_t bytes, limit; /* limit 0: none */
	uint64_t inodes, inode_limit;
};

/* Does the filesystem that fd lies on keep projects to their limits?  Linux 5.14. */
bool project_enforced(int fd);

/* What a project uses on fd's filesystem; all 0 for one that nobody has used yet. */
int project_use(int fd, uint32_t project, struct project_use *u);
/* Its limits from now on: bytes, and inodes in proportion; 0 lifts them. */
int project_limit(int fd, uint32_t project, uint64_t bytes);

/* The project of an open file or directory; hands_on: does it hand it on?  May be NULL. */
int project_get(int fd, uint32_t *project, bool *hands_on);
/* Put it into a project; a directory hands it on from now on, or not. */
int project_set(int fd, uint32_t project, bool hands_on);
/*
 * A directory and everything below it; its directories hand the project on, unless it is 0.  What
 * cannot be opened (symlinks, devices) stays as it is.  -ELOOP where it is too deep.
 */
int project_set_tree(int dirfd, uint32_t project);
/* The same of one entry, whatever it is. */
int project_set_at(int dirfd, const char *name, uint32_t project);

/*
 * renameat2() into a directory of ours, also where that is EXDEV because the directory hands on
 * another project than the entry has: the entry gets the directory's, and what cannot be given one
 * goes in all the same.
 */
int project_rename(int from, const char *name, int to, const char *as, unsigned flags);

#endif
