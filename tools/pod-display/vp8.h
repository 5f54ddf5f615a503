/* SPDX-License-Identifier: Apache-2.0 */
/* VP8 of pixels that change a little at a time. */
#ifndef POD_DISPLAY_VP8_H
#define POD_DISPLAY_VP8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"

struct vp8;

/* A frame that came out: data is the encoder's, until the next call. */
struct vp8_frame {
	const void *data;
	size_t len;
	bool is_key;
};

struct vp8 *vp8_new(int width, int height, struct err *e); /* NULL with e set */
void vp8_free(struct vp8 *v);                              /* NULL: nothing */
/*
 * These pixels are what lies at x, y (both even) from now on: four bytes each (blue, green, red,
 * nothing), rows stride bytes apart.  What lies outside of the picture is left out.
 */
void vp8_paint(struct vp8 *v, int x, int y, int width, int height, const uint8_t *pixels,
	       size_t stride);
/* The picture as it is, at ms since the start (more than the last time): 0, or -errno with e. */
int vp8_encode(struct vp8 *v, uint64_t ms, bool as_key, struct vp8_frame *frame, struct err *e);

#endif
