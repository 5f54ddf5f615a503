/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter: compiled once, at `pod-exec --compile`, and only loaded at a run.
 * From profile.json `pod-config seccomp` makes rules (seccomp_rules.h), and those become a BPF
 * program (seccomp_bpf.h), kept as seccomp.bpf.
 */
#ifndef POD_EXEC_SECCOMP_H
#define POD_EXEC_SECCOMP_H

#include <stddef.h>

#include "libcommon/err.h"

/*
 * Write the filter of a profile to out_fd, as an array of struct sock_filter.  profile: default,
 * browser, strict (files of share/seccomp), none (a filter that allows everything) or the absolute
 * path of an OCI seccomp.json.  Status 78 when the profile is wrong.
 */
int seccomp_compile(const char *profile, int out_fd, struct err *e);

/*
 * Load a compiled filter into the calling process: for good, for all its children.  Needs
 * no_new_privs or CAP_SYS_ADMIN.  A file that is empty or cut off is an error, never "no filter".
 */
int seccomp_load_fd(int bpf_fd, struct err *e);

#endif
