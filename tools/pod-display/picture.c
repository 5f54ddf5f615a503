/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- as it is --- */

static int raw_begin(struct picture *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

static int raw_rows(struct picture *p, const uint8_t *rows, size_t stride, int n, struct err *e)
{
	(void)e;
	for (int i = 0; i < n; i++)
		buf_add(p->out, rows + (size_t)i * stride, (size_t)p->width * 4);
	return 0;
}

static void raw_end(struct picture *p)
{
	(void)p;
}

static const struct picture_codec raw_codec = {raw_begin, raw_rows, raw_end};

/* --- whichever --- */

static const struct {
	const char *word;
	const struct picture_codec *codec;
} formats[PICTURE_FORMATS] = {
	[PICTURE_RAW] = {"raw", &raw_codec},
	[PICTURE_PNG] = {"png", &png_codec},
	[PICTURE_JPEG] = {"jpeg", &jpeg_codec},
};

enum picture_format picture_format(const char *word)
{
	int f = 0;

	while (f < PICTURE_FORMATS && strcmp(formats[f].word, word) != 0)
		f++;
	return (enum picture_format)f;
}

struct picture *picture_new(enum picture_format format, int width, int height, struct buf *out,
			    struct err *e)
{
	struct picture *p;

	if (width < 1 || height < 1 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX) {
		err_set(e, ERR_PLAIN, "a picture of %dx%d cannot be made", width, height);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct picture){formats[format].codec, width, height, 0, out, NULL};
	if (p->codec->begin(p, e) < 0) {
		picture_free(p);
		return NULL;
	}
	return p;
}

void picture_free(struct picture *p)
{
	if (!p)
		return;
	p->codec->end(p);
	free(p);
}

int picture_rows(struct picture *p, const uint8_t *rows, size_t stride, int n, struct err *e)
{
	int r;

	if (n > p->height - p->row)
		return err_set(e, ERR_PLAIN, "a picture has no more rows than it is high");
	r = p->codec->rows(p, rows, stride, n, e);
	if (r < 0)
		return r;
	p->row += n;
	return p->row == p->height;
}
