/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON in one pass, without a tree: the daemon reads files of 100000 names after its
 * lock-down, and needs each name once.  After a fault every call says "no more", and the fault is
 * kept with its line and column.
 *	if (json_open(&j, '{'))
 *		while (json_member(&j, key, sizeof(key)))
 *			…exactly one value…
 */
#ifndef LIBCOMMON_JSONR_H
#define LIBCOMMON_JSONR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

#define JSON_DEPTH 16

struct json {
	const char *start, *p, *end;
	const char *fault; /* what is wrong at p; NULL: nothing */
	char stack[JSON_DEPTH];
	unsigned depth;
	bool is_first; /* of the innermost object or array: no comma is due */
};

void json_init(struct json *j, const char *data, size_t len);
bool json_open(struct json *j, char bracket);             /* '{' or '[' must come */
bool json_member(struct json *j, char *key, size_t size); /* false at the end, which is taken */
bool json_element(struct json *j);
bool json_string(struct json *j, char *out, size_t size); /* a fault when longer */
/* Any string, all of \u included, appended as UTF-8: a fault at a NUL, half of a surrogate pair. */
bool json_text(struct json *j, struct buf *out);
bool json_integer(struct json *j, int64_t *n);
bool json_skip(struct json *j); /* any value */
char json_peek(struct json *j); /* first character of the next value; 0 after a fault */
bool json_end(struct json *j);  /* nothing but space follows */
void json_wrong(struct json *j, const char *fault); /* the reader's own objection, here */
/* Where p stands: line and column from 1. */
void json_place(const struct json *j, unsigned *line, unsigned *column);

#endif
