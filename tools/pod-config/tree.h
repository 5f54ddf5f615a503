/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled pod file: a jv object, reached by paths such as "network.dns.allow". */
#ifndef POD_CONFIG_TREE_H
#define POD_CONFIG_TREE_H

#include <jv.h>
#include <stdbool.h>

/* Each borrows root.  tree_get: the value, which the caller frees, or an invalid one. */
jv tree_get(jv root, const char *path);
bool tree_has(jv root, const char *path);
bool tree_is(jv root, const char *path, const char *text);
/* Is there anything to it: an item, a member, a text, a number, true? */
bool tree_is_set(jv root, const char *path);
double tree_number(jv root, const char *path, double fallback);

/* Change *root.  tree_set takes value and makes the sections on the way. */
void tree_set(jv *root, const char *path, jv value);
void tree_set_missing(jv *root, const char *path, jv value); /* where nothing is said yet */
void tree_drop(jv *root, const char *path);

/* A scalar as text: strings as they are, numbers without a needless fraction, true and false. */
jv tree_text(jv value);

#endif
