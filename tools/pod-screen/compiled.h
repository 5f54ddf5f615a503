/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own rules, as the last call has compiled them (libcommon/cache.h): reading and compiling them
 * takes longer than most texts do.  The key is all of their files and the program itself.
 */
#ifndef POD_SCREEN_COMPILED_H
#define POD_SCREEN_COMPILED_H

#include "tools/pod-screen/screen.h"

/* Into an empty set and screen; false: they are as they were. */
bool compiled_get(struct ruleset *set, struct screen *s);
void compiled_put(const struct ruleset *set, const struct screen *s);

/* The text of it: rules without their tests, and the programs of all readings. */
void compiled_write(struct buf *b, const struct ruleset *set, const struct program *programs);
/* -EBADMSG: it is none, and set and programs[READINGS] are empty. */
int compiled_read(struct ruleset *set, struct program *programs, const char *data, size_t len);

#endif
