/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing one-line JSON (RFC 8259) without a parser, for programs on the warm path.
 * Commas are placed by looking at the last byte.  Reading: jsonr.h, or libjq.
 */
#ifndef LIBCOMMON_JSONW_H
#define LIBCOMMON_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"

void jw_open(struct buf *b, char bracket);  /* '{' or '[', as a value */
void jw_close(struct buf *b, char bracket); /* '}' or ']' */
void jw_key(struct buf *b, const char *key);
void jw_string(struct buf *b, const char *s); /* as a value; invalid UTF-8 becomes U+FFFD */
void jw_number(struct buf *b, int64_t n);
void jw_bool(struct buf *b, bool yes);

/* key and value in one */
void jw_kstr(struct buf *b, const char *key, const char *s);
void jw_knum(struct buf *b, const char *key, int64_t n);
void jw_kbool(struct buf *b, const char *key, bool yes);
void jw_kstrv(struct buf *b, const char *key, char *const *v);

#endif
