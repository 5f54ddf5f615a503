/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a pod's processes may open, by a program on its cgroup2 (bpf(2),
 * BPF_PROG_TYPE_CGROUP_DEVICE).  It is a second layer: what is mounted in a pod is nodev but for
 * its own /dev, and nobody in it may make nodes; this one holds where a node comes in by another
 * way.
 */
#ifndef LIBCOMMON_CGROUP_DEVICE_H
#define LIBCOMMON_CGROUP_DEVICE_H

#include <stddef.h>

#include "libcommon/need.h"

/*
 * Allow what every pod has (null, zero, full, random, urandom, tty, ptmx, terminals) and these, in
 * the group that dirfd's parent is; replaces what was allowed there before.  -errno: this kernel
 * cannot, or we may not.
 */
int cgroup_devices(int dirfd, const struct needs *n);

/* Can this kernel, on the hierarchy that dirfd lies in?  0 or -errno; changes nothing. */
int cgroup_devices_known(int dirfd);

/* The program, as count instructions of 8 bytes; caller frees.  For tests. */
struct bpf_insn;
struct bpf_insn *cgroup_devices_program(const struct needs *n, size_t *count);

#endif
