/* SPDX-License-Identifier: Apache-2.0 */
/* One column table drives the three forms of a listing: text, NDJSON, bare NUL-ended names. */
#ifndef LIBCOMMON_OUT_H
#define LIBCOMMON_OUT_H

#include <stddef.h>

enum col_kind {
	COL_END,
	COL_STR,  /* const char *; NULL prints "-" and JSON null */
	COL_U64,  /* uint64_t */
	COL_SIZE, /* uint64_t: 12.3M in text, bytes in JSON */
	COL_BOOL, /* bool: yes/no */
};

struct col {
	const char *name; /* JSON key; upper-cased as the heading */
	enum col_kind kind;
	size_t offset;
	int width;
};

enum out_form { OUT_TEXT, OUT_JSON, OUT_NUL };

struct out {
	enum out_form form;
	const struct col *cols; /* the first column is what OUT_NUL prints */
	unsigned rows;          /* printed so far; the heading goes before the first */
};

void out_row(struct out *o, const void *row);

#endif
