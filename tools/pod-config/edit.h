/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing one key in the text of a pod file: comments, order and everything else stay as they are.
 * The text before and after are read, and differ in that key alone, or the edit is refused.
 */
#ifndef POD_CONFIG_EDIT_H
#define POD_CONFIG_EDIT_H

#include "libcommon/buf.h"
#include "tools/pod-config/key.h"
#include "tools/pod-config/problem.h"

/*
 * Give a key that has one value (no list, no section) this value: where the key, or another
 * spelling of it, stands already, else as the last key of its section, which is made at the end of
 * the file if need be.  value NULL: take the key out.  False with what is wrong in p.
 */
bool edit_key(struct buf *text, const struct key *k, const char *value, struct problems *p);

#endif
