/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subset of YAML a pod file may use: one document of maps, lists and scalars.  No anchors,
 * aliases, tags, merge keys, directives or second documents, no key twice, UTF-8 alone, and the
 * bounds of node.h.  Scalars keep their text: what is a number or "no" is for the key to say.
 */
#ifndef POD_CONFIG_YAML_H
#define POD_CONFIG_YAML_H

#include "tools/pod-config/node.h"

/* The tree (caller frees), or NULL.  An empty document is an empty map.  Problems are in p; with a
 * tree there may be some too, and they are enough to refuse the file. */
struct node *yaml_read(const char *data, size_t len, struct problems *p);

#endif
