/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A picture of the screen as a file.  Rows go in as they come, so that whoever has others to serve
 * compresses a few at a time: a photograph of 1280x720 takes 55 ms as PNG, a desktop 13.
 */
#ifndef POD_DISPLAY_PICTURE_H
#define POD_DISPLAY_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define PICTURE_SIDE_MAX 16384 /* pixels of a side; no screen of ours is as large */

enum picture_format { PICTURE_RAW, PICTURE_PNG, PICTURE_JPEG, PICTURE_FORMATS };

struct picture;

/* The format of that word (raw, png, jpeg), else PICTURE_FORMATS. */
enum picture_format picture_format(const char *word);

/*
 * Begin a picture of width x height, which is written to the end of out as rows are added; out
 * outlives it.  NULL with e set for a size that is none.
 */
struct picture *picture_new(enum picture_format format, int width, int height, struct buf *out,
			    struct err *e);
void picture_free(struct picture *p); /* NULL: nothing */
/*
 * The next n rows, four bytes a pixel (blue, green, red, nothing), stride bytes apart.  With the
 * last one the file is complete: 1; else 0, or -errno with e set.
 */
int picture_rows(struct picture *p, const uint8_t *rows, size_t stride, int n, struct err *e);

/* What each format needs: rows() is as above for one picture, end() lets go of what begin() took.
 */
struct picture_codec {
	int (*begin)(struct picture *p, struct err *e);
	int (*rows)(struct picture *p, const uint8_t *rows, size_t stride, int n, struct err *e);
	void (*end)(struct picture *p);
};
extern const struct picture_codec png_codec, jpeg_codec;

struct picture {
	const struct picture_codec *codec;
	int width, height, row; /* row: how many are in */
	struct buf *out;
	void *state; /* the codec's */
};

#endif
