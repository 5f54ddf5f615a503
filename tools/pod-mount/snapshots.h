/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod's snapshots are made of: pods/NAME/snapshots/ID, a file each, which is a stack as it
 * was, so that nothing a commit, a rollback or a merge does to the pod's own changes it:
 *     envpod-snapshot 1 SECONDS KIND NAME     KIND named|auto|agent, NAME "-"
 *     ID KIND NAME                            its layers, as in a stack, lowest first
 *     end
 * IDs have eight hexadecimal digits.
 *
 * Besides, every layer of the stack is a point to go back to, under the last eight digits of its
 * id.
 */
#ifndef POD_MOUNT_SNAPSHOTS_H
#define POD_MOUNT_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

#define SNAPSHOT_ID 8
#define SNAPSHOT_AGENT \
	"agent" /* its kind where an agent's action made it, with a name or without */

struct snapshot {
	char id[SNAPSHOT_ID + 1];
	char name[POD_NAME_MAX + 1]; /* "-": none */
	char kind[8];                /* named, auto, agent; of a layer of the stack: the layer's */
	uint64_t seconds;            /* when it was made */
	uint64_t written_ns;         /* the same by its file, which tells those of a second apart */
	struct stack stack;          /* what to stack for it */
	bool is_layer;               /* a point of the pod's own stack, no file */
};

struct snapshots {
	struct snapshot *v; /* oldest first */
	size_t n;
};

#define OWN_SNAPSHOTS __attribute__((cleanup(snapshots_finish), unused))

/* All of a pod; with points also those of its stack. */
int snapshots_load(struct snapshots *s, const struct pod *p, bool points, struct err *e);
void snapshots_finish(struct snapshots *s);
/* One file's bytes; status 78 for anything unexpected. */
int snapshot_parse(struct snapshot *s, const char *text, size_t len, struct err *e);
void snapshot_finish(struct snapshot *s);

/* By its name, its id, or the beginning of an id, four digits at least.  NULL with e set. */
const struct snapshot *snapshots_find(const struct snapshots *s, const char *what,
				      const struct pod *p, struct err *e);

/* Write one of this stack; its id is made up, and its kind where s has none.  name NULL: none. */
int snapshot_write(struct snapshot *s, const struct pod *p, const struct stack *stack,
		   const char *name, struct err *e);
/* Remove its file; the layers stay. */
int snapshot_unlink(const struct snapshot *s, const struct pod *p, struct err *e);

#endif
