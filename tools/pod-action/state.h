/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fingerprint of what is at a place: its type, mode, owner, size, time and, of a file, content;
 * of a directory all below it, without the content of files.  What the action left and what undo
 * finds must have the same one.
 */
#ifndef POD_ACTION_STATE_H
#define POD_ACTION_STATE_H

#include "tools/pod-action/place.h"

#define STATE_HEX 65

/* "absent" where nothing is. */
int state_of(const struct place *p, char out[STATE_HEX], struct err *e);
/* The same as then?  0, or -EINVAL with e saying that it is not. */
int state_check(const struct place *p, const char *then, struct err *e);

#endif
