/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a systemd unit that keeps a pod running: systemd.unit(5), systemd.service(5). */
#ifndef ENVPOD_UNIT_H
#define ENVPOD_UNIT_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* The first line of all that are ours. */
#define UNIT_MARK "# Made by envpod service register; unregister removes it."

/* Is set to the unit's name for what it runs. */
#define UNIT_VARIABLE "ENVPOD_UNIT"

struct unit {
	const char *pod;
	const char *program; /* envpod, by its whole path */
	const char *workdir; /* where the run begins; NULL: / */
	const char *restart; /* always, on-failure or no */
	const char *state;   /* the state directory */
	struct strv env;     /* NAME=VALUE, for it */
};

/* Add the text.  -EINVAL, status 64: a path that no unit can name (control bytes in it). */
int unit_text(struct buf *b, const struct unit *u, struct err *e);
/* Is this such a text? */
bool unit_is_ours(const char *text);

/* "envpod-pod-NAME.service", caller frees; and the pod of such a name, NULL when it is none. */
char *unit_name(const char *pod);
char *unit_pod(const char *name);

/* One word of a list, or a program's path: quoted where it must be, specifiers doubled. */
void unit_word(struct buf *b, const char *word);

#endif
