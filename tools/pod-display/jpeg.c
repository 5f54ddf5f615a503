/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG by libjpeg-turbo: 5 ms for 1280x720, whatever is to be seen. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "tools/pod-display/picture.h"

#define QUALITY 80
#define PIECE   65536

struct state {
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr to;
	struct buf *out;
	struct err err;
	jmp_buf back; /* libjpeg's way out of an error: nothing owned by scope lies between */
	JOCTET piece[PIECE];
};

static void on_error(j_common_ptr jpeg)
{
	struct state *s = jpeg->client_data;
	char why[JMSG_LENGTH_MAX];

	jpeg->err->format_message(jpeg, why);
	err_set(&s->err, ERR_PLAIN, "make a JPEG: %s", why);
	longjmp(s->back, 1);
}

static void on_message(j_common_ptr jpeg)
{
	(void)jpeg;
}

/* --- what is written --- */

static void begin_piece(j_compress_ptr jpeg)
{
	struct state *s = jpeg->client_data;

	s->to.next_output_byte = s->piece;
	s->to.free_in_buffer = PIECE;
}

static boolean full_piece(j_compress_ptr jpeg)
{
	struct state *s = jpeg->client_data;

	buf_add(s->out, s->piece, PIECE);
	begin_piece(jpeg);
	return TRUE;
}

static void last_piece(j_compress_ptr jpeg)
{
	struct state *s = jpeg->client_data;

	buf_add(s->out, s->piece, PIECE - s->to.free_in_buffer);
}

/* --- the codec --- */

static int head(struct picture *p, struct state *s)
{
	if (setjmp(s->back))
		return -EINVAL;
	jpeg_create_compress(&s->jpeg);
	s->jpeg.client_data = s;
	s->jpeg.dest = &s->to;
	s->jpeg.image_width = (JDIMENSION)p->width;
	s->jpeg.image_height = (JDIMENSION)p->height;
	s->jpeg.input_components = 4;
	s->jpeg.in_color_space = JCS_EXT_BGRX;
	jpeg_set_defaults(&s->jpeg);
	jpeg_set_quality(&s->jpeg, QUALITY, TRUE);
	s->jpeg.dct_method = JDCT_IFAST;
	jpeg_start_compress(&s->jpeg, TRUE);
	return 0;
}

static int jpeg_begin(struct picture *p, struct err *e)
{
	struct state *s = p->state = xcalloc(1, sizeof(*s));

	s->out = p->out;
	s->jpeg.err = jpeg_std_error(&s->errors);
	s->jpeg.client_data = s; /* on_error() needs it also while it is created */
	s->errors.error_exit = on_error;
	s->errors.output_message = on_message;
	s->to.init_destination = begin_piece;
	s->to.empty_output_buffer = full_piece;
	s->to.term_destination = last_piece;
	return head(p, s) < 0 ? err_set(e, ERR_PLAIN, "%s", s->err.msg) : 0;
}

static int add(struct picture *p, struct state *s, const uint8_t *rows, size_t stride, int n)
{
	if (setjmp(s->back))
		return -EINVAL;
	for (int i = 0; i < n; i++) {
		/* libjpeg's rows are not const, and not written to. */
		JSAMPROW row = (JSAMPROW)(uintptr_t)(rows + (size_t)i * stride);

		jpeg_write_scanlines(&s->jpeg, &row, 1);
	}
	if (p->row + n == p->height)
		jpeg_finish_compress(&s->jpeg);
	return 0;
}

static int jpeg_rows(struct picture *p, const uint8_t *rows, size_t stride, int n, struct err *e)
{
	struct state *s = p->state;

	return add(p, s, rows, stride, n) < 0 ? err_set(e, ERR_PLAIN, "%s", s->err.msg) : 0;
}

static void jpeg_end(struct picture *p)
{
	struct state *s = p->state;

	if (s)
		jpeg_destroy_compress(&s->jpeg);
	free(s);
}

const struct picture_codec jpeg_codec = {jpeg_begin, jpeg_rows, jpeg_end};
