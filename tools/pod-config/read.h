/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of nodes, read by the table of keys. */
#ifndef POD_CONFIG_READ_H
#define POD_CONFIG_READ_H

#include "tools/pod-config/type.h"

/* Move what is spelt in another way (key.h's aliases) to where it belongs, with a note each. */
void read_aliases(struct node *root, struct problems *p);

/* What the file gives, without defaults; what is wrong is missing from it and said in p. */
jv read_tree(const struct node *root, const struct origin *o, struct problems *p);

/* Put the default of each key that is missing into *root; of the late ones only those below
 * `late`, a section, or none when it is NULL. */
void read_defaults(jv *root, const struct origin *o, const char *late);

#endif
