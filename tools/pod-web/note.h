/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the front, a line each: who came and what they did; never a link, a cookie or a token.
 */
#ifndef POD_WEB_NOTE_H
#define POD_WEB_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/pod.h"
#include "libcommon/record.h"

struct notes {
	int fd; /* a pipe, not blocking */
	char pod[POD_NAME_MAX + 1];
	uint64_t tokens, last_ms, lost; /* of refusals, which anybody on this machine can cause */
};

void notes_init(struct notes *n, int fd, const char *pod);
/* Begin an event of a person's doing, and send it; those are never held back. */
void note_begin(const struct notes *n, struct event *ev, const char *name, uint32_t session);
void note_send(struct notes *n, struct event *ev);
/* A request was refused. */
void note_refused(struct notes *n, int status, const char *why, uint64_t now_ms);

#endif
