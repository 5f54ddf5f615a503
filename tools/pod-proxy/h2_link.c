/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/h2_link.h"

#include <errno.h>

#include "libcommon/buf.h"

#define PIECE    16384
#define SETTINGS 32 /* in one frame */

nghttp2_option *h2_link_options(void)
{
	nghttp2_option *o = NULL;

	if (nghttp2_option_new(&o) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_outbound_ack(o, H2_CONTROLS);
	nghttp2_option_set_max_settings(o, SETTINGS);
	nghttp2_option_set_max_send_header_block_length(o, 2 * H2_BLOCK);
	return o;
}

/* --- limits --- */

static bool take(struct h2_bucket *b, uint64_t most, uint64_t second, uint64_t now_ms)
{
	uint64_t back = (now_ms - b->since_ms) * second / 1000;

	if (back || !b->since_ms) {
		b->left = !b->since_ms || b->left + back > most ? most : b->left + back;
		b->since_ms = now_ms;
	}
	b->left -= b->left > 0;
	return b->left > 0;
}

static int calm_down(struct h2_link *l)
{
	if (!l->dead)
		nghttp2_session_terminate_session(l->ng, NGHTTP2_ENHANCE_YOUR_CALM);
	l->dead = true;
	return 0;
}

int h2_link_reset(struct h2_link *l)
{
	return take(&l->resets, H2_RESETS, H2_RESETS_SECOND, l->loop->now_ms) ? 0 : calm_down(l);
}

static int count_control(struct h2_link *l)
{
	return take(&l->controls, H2_CONTROLS, H2_CONTROLS_SECOND, l->loop->now_ms) ? 0
										    : calm_down(l);
}

int h2_link_frame(struct h2_link *l, const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_CONTINUATION:
		l->block = hd->length + (hd->type == NGHTTP2_CONTINUATION ? l->block : 0);
		/* Without content, they could go on for ever. */
		if (hd->type == NGHTTP2_CONTINUATION && hd->length == 0)
			return count_control(l);
		return l->block > H2_BLOCK ? calm_down(l) : 0;
	case NGHTTP2_DATA:
		if (hd->length || (hd->flags & NGHTTP2_FLAG_END_STREAM))
			return 0;
		return count_control(l);
	case NGHTTP2_WINDOW_UPDATE:
		return 0;
	case NGHTTP2_RST_STREAM:
		return h2_link_reset(l);
	default:
		return count_control(l);
	}
}

/* --- bytes --- */

int h2_link_receive(struct h2_link *l)
{
	uint8_t data[PIECE];
	ssize_t n;

	if (!nghttp2_session_want_read(l->ng))
		return 0;
	n = wire_read(l->wire, data, sizeof(data));
	if (n <= 0)
		return n == -EAGAIN ? 0 : n == 0 ? -ENODATA : (int)n;
	return nghttp2_session_mem_recv(l->ng, data, (size_t)n) == n ? 1 : -EPROTO;
}

/* Frames into the wire, as long as it has room; 0: there are no more to be had now. */
static ssize_t fill(struct h2_link *l)
{
	const uint8_t *data;
	ssize_t n = 1;

	while (n > 0 && wire_room(l->wire) >= H2_FRAME) {
		n = nghttp2_session_mem_send(l->ng, &data);
		if (n > 0)
			wire_add(l->wire, data, (size_t)n);
	}
	return n;
}

int h2_link_send(struct h2_link *l)
{
	int did = 0;

	for (;;) {
		size_t had = l->wire->len;
		ssize_t n = fill(l);
		int r;

		if (n < 0)
			return -EPROTO;
		did |= l->wire->len > had;
		r = wire_flush(l->wire);
		if (r < 0)
			return r == -EAGAIN ? did : r;
		if (n == 0)
			return did;
	}
}
