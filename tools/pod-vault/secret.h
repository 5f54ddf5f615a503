/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that secrets live in: locked, left out of core dumps, between guard pages, wiped when it
 * goes.  Nothing else ever holds a value or a key.
 */
#ifndef POD_VAULT_SECRET_H
#define POD_VAULT_SECRET_H

#include <stddef.h>

#include "libcommon/err.h"

struct secret {
	char *data; /* a NUL behind the last byte */
	size_t len;
};

#define OWN_SECRET __attribute__((cleanup(secret_finish), unused))

/* Before the first secret: no core dumps, nobody may look into the process, memory may be locked.
 */
int secret_begin(struct err *e);

/* len bytes of zeros.  What s held before is not let go. */
int secret_new(struct secret *s, size_t len, struct err *e);
void secret_finish(struct secret *s);
int secret_copy(struct secret *s, const void *data, size_t len, struct err *e);
/* Fewer bytes than there are: what is cut off is wiped. */
void secret_cut(struct secret *s, size_t len);

/* All that fd holds; more than max bytes are an error (64, `what` in its message). */
int secret_read(struct secret *s, int fd, size_t max, const char *what, struct err *e);

/* Hex digits and a NUL, 2 * len + 1 bytes; and back: -EINVAL when it is anything else. */
void secret_hex(char *out, const void *data, size_t len);
int secret_unhex(void *out, size_t len, const char *hex, size_t hex_len);

#endif
