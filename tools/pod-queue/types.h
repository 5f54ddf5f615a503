/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of actions there are: what each takes, and what becomes of it where the pod's own list
 * (catalog.h) says nothing else.  One table, for whoever checks, lists or executes.
 */
#ifndef POD_QUEUE_TYPES_H
#define POD_QUEUE_TYPES_H

#include <stdbool.h>
#include <stddef.h>

enum tier { TIER_IMMEDIATE, TIER_DELAYED, TIER_STAGED, TIER_BLOCKED, TIERS };
extern const char *const tier_names[TIERS];
/* TIERS for what is none. */
enum tier tier_of(const char *word);

#define TYPE_DELAY 30 /* seconds that a delayed action waits, where nothing else is said */

enum param_kind { PARAM_TEXT, PARAM_FLAG, PARAM_NUMBER, PARAM_LIST, PARAM_MAP, PARAM_ANY };

#define PARAM_NAME 32
struct param {
	char name[PARAM_NAME];
	enum param_kind kind;
	bool required;
};

struct type {
	const char *name;
	enum tier tier;
	bool is_external;   /* it leaves the pod */
	bool is_governed;   /* no executor: the steward runs a tool of the host */
	const char *params; /* "url* headers:map …", '*' for what must be there; NULL: free */
	const char *help;
};

extern const struct type types[]; /* ended by {0} */
const struct type *type_find(const char *name);
/* Governed, and asked for by our own tools alone. */
bool type_is_ours(const struct type *t);

/* The next parameter of the text at *at, which moves on; false at the end. */
bool param_next(const char **at, struct param *p);
/* The word of a kind: text, flag, number, list, map, any. */
const char *param_word(enum param_kind kind);

#endif
