/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern that was read, before it is a program. */
#ifndef POD_SCREEN_TREE_H
#define POD_SCREEN_TREE_H

#include "tools/pod-screen/pattern.h"

#define NONE UINT32_MAX

enum kind { NODE_EMPTY, NODE_SET, NODE_CAT, NODE_ALT, NODE_REPEAT, NODE_ASSERT };

struct tree_node {
	enum kind kind;
	uint32_t a, b;      /* children */
	int min, max;       /* of a repetition; max -1: any number */
	struct byteset set; /* NODE_SET */
	enum op op;         /* NODE_ASSERT */
	uint32_t reach;     /* its longest match */
	bool is_nullable;   /* it may match nothing at all */
};

struct parse {
	struct program *p;
	const char *text;
	size_t i, len;
	bool ignore_case;
	bool is_foreign; /* the class at hand has members beyond ASCII */
	unsigned depth;
	struct tree_node *nodes;
	size_t n, cap;
	const char *fault;
};

/* Keep the first fault, at i; returns NONE. */
uint32_t parse_wrong(struct parse *s, const char *fault);
/* The root of the tree in s->nodes, which the caller frees; s->fault says what is wrong. */
uint32_t parse_pattern(struct parse *s);

#endif
