/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack of a pod: immutable layers below its upper.
 *
 *     STATE/pods/NAME/stack     "ID KIND NAME" a line, lowest layer first
 *     STATE/layers/ID/tree/COVER/...   what it holds, in overlayfs' own terms
 *     STATE/layers/ID/view      the marker of the view it was written in, view.h
 *     STATE/layers/ID/base      the host identities it shadows, base.h
 *     STATE/layers/ID/redirects exists when some directory of it carries a redirect xattr; below
 * new directories they are not looked for
 *
 * All of it is done under the pod's lock and with no view mounted; functions say where they differ.
 */
#ifndef POD_MOUNT_LAYERS_H
#define POD_MOUNT_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

#define LAYER_ID_MAX   32
#define LAYER_ID_CHARS "0123456789abcdef-"
#define LAYERS_MAX     400 /* overlayfs takes 500 */
#define LAYERS_SQUASH  24  /* more automatic layers than this are merged, down to LAYERS_KEEP */
#define LAYERS_KEEP    12

struct layer {
	char id[LAYER_ID_MAX + 1];
	char kind[8];                /* setup, auto, named, base */
	char name[POD_NAME_MAX + 1]; /* "-": none */
};

struct stack {
	struct layer *v; /* lowest first */
	size_t n;
};

#define OWN_STACK __attribute__((cleanup(stack_finish)))

int stack_load(struct stack *s, const struct pod *p, struct err *e);
/* The same from a file of another directory, which must be there: -ENOENT, status 78. */
int stack_load_at(struct stack *s, int dirfd, const char *name, struct err *e);
int stack_save(const struct stack *s, const struct pod *p, struct err *e);
void stack_finish(struct stack *s);
/* Parse the text of a stack file; status 78 for anything unexpected. */
int stack_parse(struct stack *s, const char *text, size_t len, struct err *e);
/* The text of a stack file; "" and not NULL for an empty one. */
void stack_text(struct buf *b, const struct stack *s);
void stack_push(struct stack *s, const char *id, const char *kind, const char *name);
void stack_remove(struct stack *s, size_t i);
bool stack_has(const struct stack *s, const char *id);

/* Open layers/ID/SUB ("" for the layer itself) as a directory: O_RDONLY, or -errno. */
int layer_open(const char *id, const char *sub);
/* Open a cover's tree in a layer or in the upper (id NULL): descriptor, -ENOENT when it has none.
 */
int layer_cover(const struct pod *p, const char *id, const char *cover);

/* A new id: sorts by time, its last eight digits are random. */
void layer_new_id(char id[LAYER_ID_MAX + 1]);
/* The seconds since 1970 that an id says, 0 when it says none. */
uint64_t layer_time(const char *id);

/* Does anything but this pod's own stack name it: another pod, a base, a snapshot?  Then nothing in
 * it may be changed (private.h), and it stays when it leaves the stack. */
bool layer_held(const struct pod *p, const char *id);
/* Has the upper anything in it? */
bool upper_used(const struct pod *p);

/* Close the upper as a layer of that kind and add it to the stack; nothing when it is empty. */
int layer_close(const struct pod *p, struct stack *s, const char *kind, struct err *e);
/* Write into a layer's directory what stands beside its tree: the pod's view marker, the base of
 * the tree above all of the stack, whether there are redirects. */
int layer_describe(const struct pod *p, const struct stack *s, int dir, int tree, struct err *e);
/* Finish or undo a turn-over that a crash cut off.  Every command that takes the lock begins so. */
int layers_recover(const struct pod *p, struct err *e);
/* The same, unless the pod lives: then there is nothing to finish. */
int layers_recover_idle(const struct pod *p, struct err *e);
/* How many automatic layers the plan wants kept. */
struct plan;
size_t layers_keep(const struct plan *pl);
/* Merge the oldest automatic layers, down to keep, once there are twice as many. */
int layers_squash(const struct pod *p, struct stack *s, size_t keep, struct err *e);
/* Merge them until no more than keep are left, as far as they can be merged. */
int layers_squash_to(const struct pod *p, struct stack *s, size_t keep, struct err *e);
/* Take the i-th layer out of the stack, and its files if no other pod's stack names it. */
int layer_drop(const struct pod *p, struct stack *s, size_t i, struct err *e);
/* Delete a layer that no stack names any more. */
int layer_delete(const char *id, struct err *e);

#endif
