/* SPDX-License-Identifier: Apache-2.0 */
/* Letting the person at the terminal edit a text: $VISUAL, $EDITOR, or vi. */
#ifndef POD_MOUNT_EDITOR_H
#define POD_MOUNT_EDITOR_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define EDITOR_MAX (64u << 20) /* bytes that come back */

/*
 * The text, in a file of that name in a directory of its own, edited by the invoking user: what a
 * pod wrote must not meet an editor that has root's rights.  *text becomes what was saved.  An
 * editor that fails, or ends by a signal, is an error, and *text stays.
 */
int editor_run(struct buf *text, const char *name, struct err *e);

#endif
