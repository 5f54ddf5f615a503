/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes between a supervisor and those attached to it, over a stream socket: one byte of
 * type, four of length (most significant first), so many bytes.
 */
#ifndef POD_SUPERVISE_FRAME_H
#define POD_SUPERVISE_FRAME_H

#include <stddef.h>

#include "libcommon/buf.h"

#define FRAME_HEAD 5
#define FRAME_MAX  16384 /* bytes behind the head; more is refused */

enum frame_type {
	FRAME_OUTPUT = 'o', /* to the client: bytes of the terminal */
	FRAME_EXIT = 'x',   /* to the client: the run's exit status, one byte; the last frame */
	FRAME_INPUT = 'i',  /* from the client: bytes typed */
	FRAME_SIZE = 'w',   /* from the client: rows and columns, two bytes each, MSB first */
};

struct frame {
	enum frame_type type;
	size_t len;
	const unsigned char *data; /* into what was parsed */
};

/* The frame at the front: bytes it takes, 0 when it is not whole yet, -EINVAL when it is none. */
int frame_parse(struct frame *f, const void *data, size_t len);

void frame_add(struct buf *b, enum frame_type type, const void *data, size_t len);

#endif
