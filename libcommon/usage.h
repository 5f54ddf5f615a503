/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod uses, from whichever hierarchy knows.  The files are opened once and read again and
 * again, also by somebody who may open nothing any more.
 */
#ifndef LIBCOMMON_USAGE_H
#define LIBCOMMON_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/cgroup_tree.h"

#define USAGE_UNKNOWN UINT64_MAX       /* nothing measures it */
#define USAGE_NO_MAX  (UINT64_MAX - 1) /* measured, and unlimited */

struct usage {
	bool populated, frozen;
	uint64_t cpu_usec, memory, memory_max, memory_peak, pids, pids_max, oom_kills;
	uint64_t cpu_quota, cpu_period; /* microseconds; a quota of USAGE_NO_MAX: all processors */
	uint64_t io_read, io_written;   /* bytes */
};

#define USAGE_FILES 32

struct usage_files {
	int fd[USAGE_FILES]; /* as the table in usage.c has them; -1: not there */
};

#define USAGE_FILES_INIT                             \
	{                                            \
		{                                    \
			[0 ... USAGE_FILES - 1] = -1 \
		}                                    \
	}

/* Open what there is of the pod's groups. */
void usage_open(struct usage_files *f, const struct cgtree *t);
void usage_finish(struct usage_files *f);
/* Groups that were removed since use nothing, and are not populated. */
void usage_read(const struct usage_files *f, struct usage *u);

#endif
