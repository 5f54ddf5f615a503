/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes waiting for somebody slower than us. */
#ifndef POD_SUPERVISE_FIFO_H
#define POD_SUPERVISE_FIFO_H

#include <stddef.h>

#include "libcommon/buf.h"

struct fifo {
	struct buf b;
	size_t from; /* bytes of b that went already */
};

static inline size_t fifo_len(const struct fifo *f)
{
	return f->b.len - f->from;
}

static inline const char *fifo_head(const struct fifo *f)
{
	return f->b.data + f->from;
}

static inline void fifo_add(struct fifo *f, const void *data, size_t len)
{
	buf_add(&f->b, data, len);
}

/* n bytes went.  What is left moves to the front once the gap before it is the larger part. */
static inline void fifo_drop(struct fifo *f, size_t n)
{
	f->from += n;
	if (f->from * 2 < f->b.len)
		return;
	f->b.len -= f->from;
	__builtin_memmove(f->b.data, f->b.data + f->from, f->b.len);
	f->from = 0;
}

static inline void fifo_finish(struct fifo *f)
{
	buf_finish(&f->b);
	f->from = 0;
}

#endif
