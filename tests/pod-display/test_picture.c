/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures are read again by the libraries' own readers, whatever pieces they were written in. */
#include "tools/pod-display/picture.h"

#include <stdio.h>

#include <jpeglib.h>
#include <png.h>

#include "tests/lib/tap.h"

#define W 61
#define H 47

static uint8_t screen[H][W + 3][4]; /* rows that are further apart than they are long */

static void paint(void)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			screen[y][x][0] = (uint8_t)(y < H / 2 ? 255 : 0); /* blue above */
			screen[y][x][1] = (uint8_t)(x * 4);
			screen[y][x][2] = (uint8_t)(x < W / 2 ? 255 : 0); /* red on the left */
			screen[y][x][3] = 0x55;                           /* nothing */
		}
}

static int write_all(enum picture_format f, int step, struct buf *out)
{
	struct err e = {0};
	struct picture *p = picture_new(f, W, H, out, &e);
	int r = p ? 0 : -1;

	for (int y = 0; r == 0; y += step)
		r = picture_rows(p, screen[y][0], sizeof(screen[0]), H - y < step ? H - y : step,
				 &e);
	if (r < 0)
		diag("%s", e.msg);
	picture_free(p);
	return r;
}

static void png_is_exact(int step)
{
	OWN_BUF struct buf out = BUF_INIT;
	png_image image = {.version = PNG_IMAGE_VERSION};
	static uint8_t back[H][W][3];
	int wrong = 0;

	is_int(write_all(PICTURE_PNG, step, &out), 1, "a PNG by %d rows", step);
	ok(png_image_begin_read_from_memory(&image, out.data, out.len), "is one");
	image.format = PNG_FORMAT_RGB;
	ok(image.width == W && image.height == H, "of its size");
	ok(png_image_finish_read(&image, NULL, back, 0, NULL), "and whole");
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			wrong += back[y][x][0] != screen[y][x][2] ||
				 back[y][x][1] != screen[y][x][1] ||
				 back[y][x][2] != screen[y][x][0];
	is_int(wrong, 0, "pixels differ");
}

static bool near(int a, int b)
{
	return a - b < 40 && b - a < 40;
}

static void jpeg_is_like_it(void)
{
	OWN_BUF struct buf out = BUF_INIT;
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr errors;
	uint8_t row[W * 3], *at = row;
	int wrong = 0;

	is_int(write_all(PICTURE_JPEG, 5, &out), 1, "a JPEG");
	d.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, (uint8_t *)out.data, out.len);
	is_int(jpeg_read_header(&d, TRUE), JPEG_HEADER_OK, "is one");
	jpeg_start_decompress(&d);
	ok(d.output_width == W && d.output_height == H, "of its size");
	for (int y = 0; y < H; y++) {
		jpeg_read_scanlines(&d, &at, 1);
		/* Away from the edges of colour, which it blurs. */
		wrong += (y < H / 2 - 8 || y > H / 2 + 8) &&
			 (!near(row[3 * 8], 255) || !near(row[3 * 50], 0) ||
			  !near(row[3 * 8 + 2], screen[y][8][0]));
	}
	is_int(wrong, 0, "colours are where they were");
	jpeg_finish_decompress(&d);
	jpeg_destroy_decompress(&d);
	is_int(errors.num_warnings, 0, "nothing is wrong with it");
}

static void bounds(void)
{
	OWN_BUF struct buf out = BUF_INIT;
	struct err e = {0};
	struct picture *p;

	for (int f = 0; f < PICTURE_FORMATS; f++) {
		ok(!picture_new((enum picture_format)f, 0, 10, &out, &e), "no width");
		ok(!picture_new((enum picture_format)f, 10, -1, &out, &e), "no height");
		ok(!picture_new((enum picture_format)f, 10, PICTURE_SIDE_MAX + 1, &out, &e),
		   "too high");
		p = picture_new((enum picture_format)f, W, H, &out, &e);
		ok(p && picture_rows(p, screen[0][0], sizeof(screen[0]), 3, &e) == 0, "three rows");
		ok(p && picture_rows(p, screen[0][0], sizeof(screen[0]), H, &e) < 0,
		   "no more than it has");
		picture_free(p); /* half of one is let go */
	}
	is_int(picture_format("png"), PICTURE_PNG, "png");
	is_int(picture_format("jpeg"), PICTURE_JPEG, "jpeg");
	is_int(picture_format("gif"), PICTURE_FORMATS, "no other");
}

int main(void)
{
	OWN_BUF struct buf raw = BUF_INIT;

	paint();
	png_is_exact(1);
	png_is_exact(13);
	png_is_exact(H);
	jpeg_is_like_it();
	is_int(write_all(PICTURE_RAW, 7, &raw), 1, "raw");
	is_int((intmax_t)raw.len, W * H * 4, "four bytes a pixel");
	ok(memcmp(raw.data + W * 4, screen[1][0], W * 4) == 0, "as they were");
	bounds();
	return done_testing();
}
