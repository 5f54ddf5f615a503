/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run plan: pod.json flattened by pod-config for the programs of the warm path, which are
 * static and parse no JSON.  Format (envpod-plan(5)): a first line
 *     envpod-plan 1 INODE MTIME_NS SIZE
 * naming the pod.json it was made from, then one "key value" a line, '\\' and newline in the value
 * written as "\\\\" and "\\n", keys repeated for lists, and a last line "end".
 */
#ifndef LIBCOMMON_PLAN_H
#define LIBCOMMON_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

#define PLAN_MAX (1024 * 1024) /* bytes; a larger plan is refused */

struct plan {
	struct strv keys, values; /* in the order of the file */
	unsigned long long ino, mtime_ns, size;
};

#define OWN_PLAN __attribute__((cleanup(plan_finish), unused))

/* Parse; -EINVAL with the line's number on anything unexpected, also a missing "end". */
int plan_parse(struct plan *pl, const char *data, size_t len, struct err *e);
void plan_finish(struct plan *pl);

/* Read the pod's plan.  Where it does not belong to the pod.json that lies there now (inode, mtime,
 * size), pod-config is run to make it anew. */
int plan_open(struct plan *pl, const struct pod *p, struct err *e);

/* The first value of key, or fallback. */
const char *plan_str(const struct plan *pl, const char *key, const char *fallback);
uint64_t plan_u64(const struct plan *pl, const char *key, uint64_t fallback);
bool plan_is(const struct plan *pl, const char *key, const char *value);
/* Has key this value among its lines? */
bool plan_has(const struct plan *pl, const char *key, const char *value);
/* The next value of key at or after *i, which moves behind it; NULL at the end. */
const char *plan_next(const struct plan *pl, const char *key, size_t *i);

/* Writing: one escaped "key value" line. */
void plan_line(struct buf *b, const char *key, const char *value);

#endif
