/* SPDX-License-Identifier: Apache-2.0 */
/* Rules to classic BPF: a binary search over ranges of numbers that share a verdict. */
#ifndef POD_EXEC_SECCOMP_BPF_H
#define POD_EXEC_SECCOMP_BPF_H

#include <linux/filter.h>
#include <stddef.h>

#include "tools/pod-exec/seccomp_rules.h"

#define BPF_LENGTH_MAX 4096 /* BPF_MAXINSNS */

struct bpf {
	struct sock_filter v[BPF_LENGTH_MAX];
	size_t n;
};

/*
 * Status 78 when the rules need more instructions than the kernel takes.  In front of
 * the search: another architecture (32-bit programs) ends the process, x32 numbers are ENOSYS.
 */
int bpf_compile(struct bpf *b, const struct rules *r, struct err *e);

#endif
