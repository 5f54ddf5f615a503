/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod file says, before anybody asks what it means: scalars as their text, lists, and maps
 * in the order of the file, each with its place.  Made from YAML or, places missing, from JSON.
 */
#ifndef POD_CONFIG_NODE_H
#define POD_CONFIG_NODE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "tools/pod-config/problem.h"

#define NODE_BYTES_MAX (1024 * 1024)
#define NODE_DEPTH_MAX 32
#define NODE_COUNT_MAX 10000

enum node_kind {
	NODE_NULL, /* a key without a value */
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
	NODE_BROKEN, /* its problem has been reported: say no more about it */
};

struct node {
	enum node_kind kind;
	bool plain; /* a scalar without quotes: may be a boolean or a number */
	struct place at, key_at;
	size_t from, to, key_from; /* where it stands in the text, in characters, for edit.c */
	bool flow;                 /* in brackets or braces */
	char *key;                 /* of an entry of a map */
	char *text;                /* of a scalar */
	struct node **child;
	size_t n, cap;
};

struct node *node_new(enum node_kind kind, struct place at);
void node_free(struct node *n);
void node_free_ref(struct node **n); /* for OWN_NODE */
#define OWN_NODE __attribute__((cleanup(node_free_ref), unused))

void node_append(struct node *list, struct node *child); /* takes child */
/* The entry of a map, its key in any case; NULL when there is none or n is no map. */
struct node *node_entry(const struct node *n, const char *key);
/* The same by a path "network.dns.allow". */
struct node *node_find(const struct node *n, const char *path);
/* Take an entry out of a map; the caller owns it. */
struct node *node_detach(struct node *map, const struct node *child);

/* "a list", "a section", …: for messages. */
const char *node_kind_name(const struct node *n);

/* The same tree made from JSON, within the same bounds; NULL with the problem said.  Takes value.
 */
struct node *node_from_json(jv value, struct problems *p);

#endif
