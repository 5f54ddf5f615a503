/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/vp8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include "libcommon/buf.h"

#define SPEED      8 /* of VP8's -16..16: 20 ms for 1280x720 */
#define SIDE_MAX   16383
#define BITS_PIXEL 2 /* a second, of each pixel: 1.8 Mbit/s for 1280x720 */

struct vp8 {
	vpx_codec_ctx_t codec;
	vpx_image_t *image; /* I420, of even width and height */
	int width, height;
	bool ready; /* codec is to be destroyed */
};

static int begin(struct vp8 *v, struct err *e)
{
	vpx_codec_enc_cfg_t c;

	if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &c, 0) != VPX_CODEC_OK)
		return err_set(e, ERR_PLAIN, "libvpx has no encoder of VP8");
	c.g_w = (unsigned)v->width;
	c.g_h = (unsigned)v->height;
	c.g_timebase = (vpx_rational_t){1, 1000};
	c.g_lag_in_frames = 0;
	c.g_threads = 1; /* a recording is nobody's first concern */
	c.rc_end_usage = VPX_VBR;
	c.rc_target_bitrate = (unsigned)(v->width * v->height) / 1000 * BITS_PIXEL + 100;
	c.rc_min_quantizer = 4;
	c.rc_max_quantizer = 48;     /* text stays legible */
	c.kf_mode = VPX_KF_DISABLED; /* who calls says when */
	if (vpx_codec_enc_init(&v->codec, vpx_codec_vp8_cx(), &c, 0) != VPX_CODEC_OK)
		return err_set(e, ERR_PLAIN, "begin to encode VP8: %s", vpx_codec_error(&v->codec));
	v->ready = true;
	vpx_codec_control(&v->codec, VP8E_SET_CPUUSED, SPEED);
	vpx_codec_control(&v->codec, VP8E_SET_SCREEN_CONTENT_MODE, 1);
	return 0;
}

struct vp8 *vp8_new(int width, int height, struct err *e)
{
	struct vp8 *v;

	if (width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX) {
		err_set(e, ERR_PLAIN, "a recording of %dx%d cannot be made", width, height);
		return NULL;
	}
	v = xcalloc(1, sizeof(*v));
	v->width = width;
	v->height = height;
	v->image = vpx_img_alloc(NULL, VPX_IMG_FMT_I420, (unsigned)(width + 1) & ~1u,
				 (unsigned)(height + 1) & ~1u, 32);
	if (!v->image || begin(v, e) < 0) {
		if (!v->image)
			err_set(e, ENOMEM, "begin a recording");
		vp8_free(v);
		return NULL;
	}
	/* The encoder is told the true size; the row and column more are for chroma alone. */
	v->image->d_w = (unsigned)width;
	v->image->d_h = (unsigned)height;
	memset(v->image->planes[0], 16,
	       (size_t)v->image->stride[0] * ((unsigned)(height + 1) & ~1u));
	for (int p = 1; p < 3; p++)
		memset(v->image->planes[p], 128,
		       (size_t)v->image->stride[p] * ((unsigned)(height + 1) / 2));
	return v;
}

void vp8_free(struct vp8 *v)
{
	if (!v)
		return;
	if (v->ready)
		vpx_codec_destroy(&v->codec);
	vpx_img_free(v->image);
	free(v);
}

/* --- colours: BT.601, as all players take VP8 --- */

static void luma_row(uint8_t *to, const uint8_t *from, int n)
{
	for (int i = 0; i < n; i++, from += 4)
		to[i] = (uint8_t)(((66 * from[2] + 129 * from[1] + 25 * from[0] + 128) >> 8) + 16);
}

/* Of two rows: one value for each square of four pixels, at the edges of fewer. */
static void chroma_row(uint8_t *u, uint8_t *v, const uint8_t *a, const uint8_t *b, int n)
{
	for (int i = 0; i < n; i += 2, a += 8, b += 8) {
		int next = i + 1 < n ? 4 : 0;
		int blue = (a[0] + a[next] + b[0] + b[next] + 2) >> 2;
		int green = (a[1] + a[next + 1] + b[1] + b[next + 1] + 2) >> 2;
		int red = (a[2] + a[next + 2] + b[2] + b[next + 2] + 2) >> 2;

		*u++ = (uint8_t)(((-38 * red - 74 * green + 112 * blue + 128) >> 8) + 128);
		*v++ = (uint8_t)(((112 * red - 94 * green - 18 * blue + 128) >> 8) + 128);
	}
}

void vp8_paint(struct vp8 *v, int x, int y, int width, int height, const uint8_t *pixels,
	       size_t stride)
{
	const vpx_image_t *to = v->image;

	if (x < 0 || y < 0 || x >= v->width || y >= v->height)
		return;
	width = width > v->width - x ? v->width - x : width;
	height = height > v->height - y ? v->height - y : height;
	for (int i = 0; i < height; i++) {
		const uint8_t *row = pixels + (size_t)i * stride;
		int at = (y + i) / 2;

		luma_row(to->planes[0] + (y + i) * to->stride[0] + x, row, width);
		/* A square's colour is that of its upper row's call, with the row below if here. */
		if ((y + i) % 2 == 0)
			chroma_row(to->planes[1] + at * to->stride[1] + x / 2,
				   to->planes[2] + at * to->stride[2] + x / 2, row,
				   i + 1 < height ? row + stride : row, width);
	}
}

int vp8_encode(struct vp8 *v, uint64_t ms, bool as_key, struct vp8_frame *frame, struct err *e)
{
	const vpx_codec_cx_pkt_t *packet;
	vpx_codec_iter_t iter = NULL;

	*frame = (struct vp8_frame){0};
	if (vpx_codec_encode(&v->codec, v->image, (vpx_codec_pts_t)ms, 1,
			     as_key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME) != VPX_CODEC_OK)
		return err_set(e, ERR_PLAIN, "encode VP8: %s", vpx_codec_error(&v->codec));
	while ((packet = vpx_codec_get_cx_data(&v->codec, &iter))) {
		if (packet->kind != VPX_CODEC_CX_FRAME_PKT)
			continue;
		frame->data = packet->data.frame.buf;
		frame->len = packet->data.frame.sz;
		frame->is_key = packet->data.frame.flags & VPX_FRAME_IS_KEY;
	}
	return 0;
}
