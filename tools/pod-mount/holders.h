/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who names a layer.  Layers are shared: by the stacks of pods, by their snapshots and undo
 * records, by bases and by archived pods.  Nothing counts references: the texts that name layers
 * are read.
 *
 *     pods/NAME/{stack,stack.live}  pods/NAME/snapshots/ID  pods/NAME/undo/ID/stack{,.new}
 *     bases/NAME/stack              archive/NAME-TIME/ as pods/NAME/
 *
 * Every word at the beginning of a line that may be a layer's id counts, so that a text of a newer
 * version, or a damaged one, holds what it names.  A text that cannot be read holds everything.
 *
 * Whoever reads them takes STATE/layers.lock shared, whoever makes a text that names somebody
 * else's layers takes it exclusively until the text stands: no reference can pass by a reader. That
 * lock comes after any pod's lock, and is never held while waiting for one.
 */
#ifndef POD_MOUNT_HOLDERS_H
#define POD_MOUNT_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

struct holders {
	struct strv ids; /* sorted; one may stand there several times */
	bool all;        /* a text could not be read */
};

#define OWN_HOLDERS __attribute__((cleanup(holders_finish), unused))

/* Whose texts are left out. */
enum holders_less {
	HOLDERS_ALL, /* nobody's; also what crashes cut off counts: turnover, dropping, copying */
	HOLDERS_NO_STACK, /* the pod's own stack */
	HOLDERS_NO_POD,   /* all of the pod's */
};

int holders_load(struct holders *h, const struct pod *p, enum holders_less less, struct err *e);
/* Only what the pod itself names, crashes and all. */
int holders_load_own(struct holders *h, const struct pod *p, struct err *e);
bool holders_has(const struct holders *h, const char *id);
void holders_finish(struct holders *h);

/*
 * Delete those layers of `before` that nothing names any more, before being what something named
 * that is gone now.
 */
int holders_let_go(const struct holders *before, struct err *e);

/* The lock on references, which goes with the descriptor: adding exclusive, else shared. */
int holders_lock(bool adding, struct err *e);

#endif
