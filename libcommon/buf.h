/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte string.  Zero-initialise, or BUF_INIT; always NUL-terminated behind len once
 * anything was added.  Running out of memory ends the program: there is no half of a buffer.
 */
#ifndef LIBCOMMON_BUF_H
#define LIBCOMMON_BUF_H

#include <stddef.h>

struct buf {
	char *data;
	size_t len, cap;
};

#define BUF_INIT  \
	{         \
		0 \
	}

void buf_finish(struct buf *b);
void buf_clear(struct buf *b); /* len = 0, memory kept */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *buf_take(struct buf *b); /* the string, caller frees; "" for an empty buffer */

/* A list of strings, NULL-terminated in v once anything was added: argv, environments, paths. */
struct strv {
	char **v;
	size_t n, cap;
};

void strv_finish(struct strv *s);
void strv_add(struct strv *s, const char *str); /* copies */
void strv_fmt(struct strv *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int strv_has(const struct strv *s, const char *str);

/* malloc family that ends the program instead of returning NULL. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xfmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define OWN_BUF  __attribute__((cleanup(buf_finish), unused))
#define OWN_STRV __attribute__((cleanup(strv_finish), unused))

#endif
