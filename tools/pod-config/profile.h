/* SPDX-License-Identifier: Apache-2.0 */
/* An OCI or Docker seccomp.json to the rules that pod-exec compiles (seccomp_rules.h there). */
#ifndef POD_CONFIG_PROFILE_H
#define POD_CONFIG_PROFILE_H

#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define PROFILE_MAX (1024 * 1024)

/*
 * Append the rules.  What "includes" and "excludes" say of architecture, capabilities and kernel
 * is decided here, as Docker decides it, for x86_64, the capabilities of pod root and this kernel.
 * Status 78, naming the entry ("syscalls[3].args[0].op"), for anything we would have to guess at.
 */
int profile_flatten(const char *json, size_t len, struct buf *rules, struct err *e);

#endif
