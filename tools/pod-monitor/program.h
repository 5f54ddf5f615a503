/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jq programs.  libjq counts neither steps nor bytes: whoever runs one must be ready to die of it,
 * by SIGPROF after PROGRAM_MS of processor time, or for want of memory.
 */
#ifndef POD_MONITOR_PROGRAM_H
#define POD_MONITOR_PROGRAM_H

#include <jv.h>

#define PROGRAM_MS    50
#define PROGRAM_BYTES (64u << 20)

struct jq_state;

/* NULL when it is no program: pod-config has said so where it was read.  Opens files of libjq's, so
 * before any lock-down; HOME is changed. */
struct jq_state *program_compile(const char *text);
void program_free(struct jq_state *p);

/* Before a lock-down: make ready for it, with an environment of nothing but TZ; bound this
 * process's memory to what it has and PROGRAM_BYTES; what stdio writes to stderr is lost. */
void program_bound(void);

/* The first value it yields decides: 1; none, false and null: 0; a failure: -1.  Takes input. */
int program_run(struct jq_state *p, jv input);

#endif
