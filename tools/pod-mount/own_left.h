/* SPDX-License-Identifier: Apache-2.0 */
/* What operations after a given one left on the host: a ctime that is theirs is nobody else's
 * doing. */
#ifndef POD_MOUNT_OWN_LEFT_H
#define POD_MOUNT_OWN_LEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "tools/pod-mount/committed.h"
#include "tools/pod-mount/undo_record.h"

struct own_left {
	struct own_left_line {
		char *path;
		uint64_t ino, ctime_ns;
		const char *id; /* the record's */
	} * v;                  /* by path, then as they came */
	size_t n, cap;
	struct committed committed, restored;
};

#define OWN_LEFT_FINISH __attribute__((cleanup(own_left_finish)))

/* Of all records newer than id; they must outlive it. */
int own_left_load(struct own_left *o, const struct pod *p, const struct undo_records *records,
		  const char *id, struct err *e);
void own_left_finish(struct own_left *o);
bool own_left_has(const struct own_left *o, const char *path, uint64_t ino, uint64_t ctime_ns);
/* The newest of those records that put this very entry there, or NULL. */
const char *own_left_by(const struct own_left *o, const char *path, uint64_t ino);

#endif
