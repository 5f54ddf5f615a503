/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod's pid 1 does from its first instruction on. */
#ifndef POD_EXEC_INIT_H
#define POD_EXEC_INIT_H

#include "tools/pod-exec/run.h"

/*
 * lock: our own descriptor of RUN/NAME/runs; report: takes a struct err once, code 0 when the pod
 * stands.
 */
void init_main(const struct run *r, int lock, int report) __attribute__((noreturn));

#endif
