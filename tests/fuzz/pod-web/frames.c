/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a client: judged alike however they are cut into pieces, and wslay reads the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "libcommon/web_socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size, at, passed;
	struct web_heads heads;
};

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *out, size_t len, int flags, void *arg)
{
	struct input *in = arg;
	size_t n = in->size - in->at < len ? in->size - in->at : len;

	(void)flags;
	if (n == 0 || web_heads_take(&in->heads, in->data + in->at, n) < 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(out, in->data + in->at, n);
	in->at += n;
	return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	(void)ctx;
	(void)data;
	(void)flags;
	(void)arg;
	return (ssize_t)len;
}

static void on_piece(wslay_event_context_ptr ctx,
		     const struct wslay_event_on_frame_recv_chunk_arg *c, void *arg)
{
	struct input *in = arg;

	(void)ctx;
	in->passed += c->data_length;
}

static void through_wslay(const uint8_t *data, size_t size)
{
	const struct wslay_event_callbacks callbacks = {.recv_callback = on_recv,
							.send_callback = on_send,
							.on_frame_recv_chunk_callback = on_piece};
	struct input in = {.data = data, .size = size};
	wslay_event_context_ptr ctx;

	if (wslay_event_context_server_init(&ctx, &callbacks, &in) < 0)
		return;
	wslay_event_config_set_no_buffering(ctx, 1);
	wslay_event_config_set_max_recv_msg_length(ctx, WEB_FRAME_MAX);
	wslay_event_recv(ctx);
	wslay_event_send(ctx);
	if (in.passed > size)
		abort();
	wslay_event_context_free(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct web_heads whole = {0}, bytes = {0};
	int r = web_heads_take(&whole, data, size), s = 0;

	for (size_t i = 0; i < size && s == 0; i++)
		s = web_heads_take(&bytes, data + i, 1);
	if (r != s || (r != 0 && r != -EPROTO && r != -EMSGSIZE))
		abort();
	if (r == 0 && (whole.skip != bytes.skip || whole.have != bytes.have))
		abort();
	through_wslay(data, size);
	return 0;
}
