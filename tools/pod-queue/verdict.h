/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an executor says of what it did: one JSON object, of the pod's making.  It is read by a
 * child that has given up all power first; who asks gets canonical JSON, and texts.
 */
#ifndef POD_QUEUE_VERDICT_H
#define POD_QUEUE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

struct verdict {
	bool ok;
	struct buf result; /* any value, canonical; empty: none */
	struct buf undo;   /* an object, likewise */
	struct buf error;  /* why it failed */
	struct buf never;  /* why nothing takes it back */
};

#define OWN_VERDICT __attribute__((cleanup(verdict_finish), unused))
void verdict_finish(struct verdict *v);

/* -EINVAL with e set: this is no answer. */
int verdict_parse(struct verdict *v, const char *data, size_t len, struct err *e);
/* The same in a child that becomes uid first. */
int verdict_read(struct verdict *v, const struct buf *text, uid_t uid, struct err *e);

#endif
