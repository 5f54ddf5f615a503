/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PNG by libpng, for speed: level 1 with the SUB filter halves a photograph's time, and a desktop's
 * is the same with any.
 */
#include <errno.h>
#include <png.h>
#include <stdlib.h>

#include "tools/pod-display/picture.h"

struct state {
	png_structp png;
	png_infop info;
	struct err err;
};

/* libpng's way back to who called it is a jump: nothing that is let go by scope lies between. */
static void on_error(png_structp png, png_const_charp message)
{
	struct state *s = png_get_error_ptr(png);

	err_set(&s->err, ERR_PLAIN, "make a PNG: %s", message);
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void on_write(png_structp png, png_bytep data, size_t len)
{
	buf_add(png_get_io_ptr(png), data, len);
}

static void on_flush(png_structp png)
{
	(void)png;
}

static int head(struct picture *p, struct state *s)
{
	if (setjmp(png_jmpbuf(s->png)))
		return -EINVAL;
	png_set_write_fn(s->png, p->out, on_write, on_flush);
	png_set_compression_level(s->png, 1);
	png_set_filter(s->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
	png_set_IHDR(s->png, s->info, (png_uint_32)p->width, (png_uint_32)p->height, 8,
		     PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(s->png, s->info);
	/* Rows as a screen has them: blue first, and a byte of nothing behind. */
	png_set_filler(s->png, 0, PNG_FILLER_AFTER);
	png_set_bgr(s->png);
	return 0;
}

static int png_begin(struct picture *p, struct err *e)
{
	struct state *s = p->state = xcalloc(1, sizeof(*s));

	s->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, s, on_error, on_warning);
	s->info = s->png ? png_create_info_struct(s->png) : NULL;
	if (!s->info)
		return err_set(e, ENOMEM, "make a PNG");
	if (head(p, s) < 0)
		return err_set(e, ERR_PLAIN, "%s", s->err.msg);
	return 0;
}

static int add(struct picture *p, struct state *s, const uint8_t *rows, size_t stride, int n)
{
	if (setjmp(png_jmpbuf(s->png)))
		return -EINVAL;
	for (int i = 0; i < n; i++)
		png_write_row(s->png, rows + (size_t)i * stride);
	if (p->row + n == p->height)
		png_write_end(s->png, s->info);
	return 0;
}

static int png_rows(struct picture *p, const uint8_t *rows, size_t stride, int n, struct err *e)
{
	struct state *s = p->state;

	return add(p, s, rows, stride, n) < 0 ? err_set(e, ERR_PLAIN, "%s", s->err.msg) : 0;
}

static void png_end(struct picture *p)
{
	struct state *s = p->state;

	if (s)
		png_destroy_write_struct(&s->png, &s->info);
	free(s);
}

const struct picture_codec png_codec = {png_begin, png_rows, png_end};
