/* SPDX-License-Identifier: Apache-2.0 */
/* pod-limit: a file per command word.  Each cmd_ returns the exit status. */
#ifndef POD_LIMIT_LIMIT_H
#define POD_LIMIT_LIMIT_H

#include <stdbool.h>

#include "libcommon/cgroup_limits.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/pod.h"

int cmd_apply(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_freeze(int argc, char **argv);
int cmd_thaw(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_usage(int argc, char **argv);
int cmd_remove(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* What the kernel has for a limit now, as `set` takes it (of the device that want speaks of);
 * caller frees.  NULL: nobody can tell. */
char *limit_now(const struct cgtree *t, const struct limit *l, const char *want);

/* Do to every process in a group's cgroup.procs; returns how many there were. */
size_t procs_each(int dirfd, const char *sub, void (*act)(pid_t pid));

#endif
