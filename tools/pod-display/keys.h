/* SPDX-License-Identifier: Apache-2.0 */
/* Keys by the names that people give them: "Return", "ctrl+shift+t", "F5", "é". */
#ifndef POD_DISPLAY_KEYS_H
#define POD_DISPLAY_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

#define CHORD_MAX 6 /* keys that are held at a time */

struct chord {
	uint32_t sym[CHORD_MAX]; /* keysyms (X11's, and Wayland's), in the order of pressing */
	size_t n;
};

/* A key's name: X11's, whatever its case, one of ours, or one character.  0: there is none. */
uint32_t key_sym(const char *name);
/* The keysym that types this character. */
uint32_t key_of_char(uint32_t codepoint);
/* "ctrl+shift+t": -EINVAL with e set for a name that is no key. */
int chord_parse(struct chord *c, const char *text, struct err *e);

#endif
