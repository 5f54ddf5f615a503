/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be sent on a stream, until nghttp2 asks for it. */
#include <string.h>

#include "tools/pod-proxy/h2_link.h"

void h2_append(struct buf *b, size_t *at, const char *data, size_t len)
{
	if (*at > b->len / 2) {
		memmove(b->data, b->data + *at, b->len - *at);
		b->len -= *at;
		*at = 0;
	}
	buf_add(b, data, len);
}

size_t h2_out_waits(const struct h2_out *o)
{
	return o->data.len - o->at;
}

static ssize_t submit_trailers(struct h2_out *o, uint32_t *flags)
{
	nghttp2_nv nv[H2_FIELDS];
	size_t n = h2_fields(&o->trailers, nv, 0);

	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	return nghttp2_submit_trailer(o->link->ng, o->id, nv, n) < 0
		       ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
		       : 0;
}

static void let_go(struct h2_out *o, size_t len)
{
	o->at += len;
	*o->all -= len;
	if (o->at == o->data.len) {
		buf_clear(&o->data);
		o->at = 0;
	}
}

static ssize_t give(nghttp2_session *ng, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
		    nghttp2_data_source *source, void *arg)
{
	struct h2_out *o = source->ptr;
	size_t len = h2_out_waits(o);

	(void)ng;
	(void)id;
	(void)arg;
	if (len == 0 && !o->last) {
		o->waits = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	len = len < size ? len : size;
	if (len)
		memcpy(to, o->data.data + o->at, len);
	let_go(o, len);
	o->drained(o->arg);
	if (!o->last || o->data.len)
		return (ssize_t)len;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (o->trailers.n && submit_trailers(o, flags) < 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return (ssize_t)len;
}

nghttp2_data_provider h2_out_body(struct h2_out *o)
{
	return (nghttp2_data_provider){.source.ptr = o, .read_callback = give};
}

static void more(struct h2_out *o)
{
	if (o->waits)
		nghttp2_session_resume_data(o->link->ng, o->id);
	o->waits = false;
}

void h2_out_add(struct h2_out *o, const char *data, size_t len)
{
	h2_append(&o->data, &o->at, data, len);
	*o->all += len;
	more(o);
}

void h2_out_end(struct h2_out *o, struct message *trailers)
{
	if (trailers) {
		o->trailers = *trailers;
		*trailers = (struct message){0};
	}
	o->last = true;
	more(o);
}

void h2_out_finish(struct h2_out *o)
{
	*o->all -= h2_out_waits(o);
	buf_finish(&o->data);
	o->at = 0;
	message_finish(&o->trailers);
}
