/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/h1.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/text.h"
#include "tools/pod-proxy/wire.h"

#define TRAILERS 16384 /* bytes of all trailers of a message */

/* --- llhttp's calls --- */

static int on_headers(llhttp_t *p)
{
	struct h1_in *in = p->data;

	return in->response && in->head.status >= 200 &&
	       (in->to_head || in->head.status == 204 || in->head.status == 304);
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct h1_in *in = p->data;

	in->body = at;
	in->body_len = len;
	return HPE_PAUSED;
}

static int on_complete(llhttp_t *p)
{
	struct h1_in *in = p->data;

	in->state = H1_DONE;
	return HPE_PAUSED;
}

/* Who puts something behind a chunk's size wants it to be read in two ways. */
static int on_extension(llhttp_t *p, const char *at, size_t len)
{
	(void)p;
	(void)at;
	(void)len;
	return -1;
}

/* Of a trailer: some more of its name, or value. */
static int add_trailer(struct h1_in *in, const char *at, size_t len)
{
	if (in->field.len + in->trailers.text.len + len > TRAILERS)
		return -1;
	buf_add(&in->field, at, len);
	return 0;
}

static int on_name(llhttp_t *p, const char *at, size_t len)
{
	struct h1_in *in = p->data;

	if (in->state == H1_HEAD)
		return 0;
	if (add_trailer(in, at, len) < 0)
		return -1;
	in->name_len = in->field.len;
	return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	struct h1_in *in = p->data;

	return in->state == H1_HEAD ? 0 : add_trailer(in, at, len);
}

static int on_value_complete(llhttp_t *p)
{
	struct h1_in *in = p->data;
	struct text name, value;

	if (in->state == H1_HEAD)
		return 0;
	if (in->name_len == 0)
		return -1;
	name = (struct text){in->field.data, in->name_len};
	value = text_trim(
		(struct text){in->field.data + in->name_len, in->field.len - in->name_len});
	if (!text_is_token(name) || !text_is_value(value))
		return -1;
	if (!message_is_late(name.at, name.len) &&
	    message_put(&in->trailers, name.at, name.len, value.at, value.len) < 0)
		return -1;
	buf_clear(&in->field);
	in->name_len = 0;
	return 0;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_complete,
	.on_chunk_extension_name = on_extension,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
};

/* --- messages that come --- */

void h1_in_init(struct h1_in *in, bool response)
{
	*in = (struct h1_in){.response = response};
}

/* An answer may say a credential in its head, which is scrubbed where it was taken to. */
static void drop_data(struct h1_in *in)
{
	if (in->data)
		explicit_bzero(in->data, in->filled);
	free(in->data);
	in->data = NULL;
	in->at = in->len = in->filled = 0;
}

void h1_in_finish(struct h1_in *in)
{
	message_finish(&in->head);
	message_finish(&in->trailers);
	if (in->field.data)
		explicit_bzero(in->field.data, in->field.cap);
	buf_finish(&in->field);
	drop_data(in);
}

void h1_in_next(struct h1_in *in, bool to_head)
{
	in->state = H1_HEAD;
	in->body_len = 0;
	in->to_head = to_head;
	message_clear(&in->head);
	message_clear(&in->trailers);
	buf_clear(&in->field);
	in->name_len = 0;
	if (in->at == in->len)
		drop_data(in);
}

ssize_t h1_in_read(struct h1_in *in, struct wire *w)
{
	ssize_t n;

	if (!in->data)
		in->data = xrealloc(NULL, H1_IN);
	if (in->at) {
		memmove(in->data, in->data + in->at, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
	}
	if (in->len == H1_IN)
		return -ENOBUFS;
	n = wire_read(w, in->data + in->len, H1_IN - in->len);
	if (n > 0)
		in->len += (size_t)n;
	if (in->len > in->filled)
		in->filled = in->len;
	return n;
}

static bool agree(const struct h1_in *in)
{
	const struct message *m = &in->head;
	const llhttp_t *p = &in->parser;
	bool chunked = (p->flags & F_CHUNKED) != 0;

	if (in->response && p->status_code != m->status)
		return false;
	if (in->state == H1_DONE) /* llhttp has forgotten the flags by then */
		return m->body == BODY_NONE || in->to_head || m->status == 304 ||
		       (m->body == BODY_LENGTH && m->length == 0);
	return m->body == (chunked                       ? BODY_CHUNKED
			   : p->flags & F_CONTENT_LENGTH ? BODY_LENGTH
							 : BODY_CLOSE) &&
	       (m->body != BODY_LENGTH || m->length == p->content_length);
}

static enum h1_step take_head(struct h1_in *in)
{
	const char *data = in->data + in->at;
	size_t size = 0, len = in->len - in->at;
	llhttp_errno_t x;
	int r = in->response ? gate_response(data, len, in->to_head, &in->head, &size)
			     : gate_request(data, len, &in->head, &in->old, &size);

	if (r < 0)
		return r == -EAGAIN ? H1_MORE : H1_BAD;
	llhttp_init(&in->parser, in->response ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
	in->parser.data = in;
	x = llhttp_execute(&in->parser, data, size);
	if ((x != HPE_OK && x != HPE_PAUSED && x != HPE_PAUSED_UPGRADE))
		return H1_BAD;
	in->at += size;
	if (in->state == H1_HEAD)
		in->state = x == HPE_PAUSED_UPGRADE ? H1_DONE : H1_BODY;
	return agree(in) ? H1_HAS_HEAD : H1_BAD;
}

/* Some bytes to llhttp; 0, or -EBADMSG. */
static int digest(struct h1_in *in, size_t max)
{
	const char *data = in->data + in->at;
	size_t len = in->len - in->at < max ? in->len - in->at : max;
	llhttp_errno_t x;

	in->body_len = 0;
	x = llhttp_execute(&in->parser, data, len);
	if (x == HPE_OK) {
		in->at += len;
		return 0;
	}
	if (x != HPE_PAUSED && x != HPE_PAUSED_UPGRADE)
		return -EBADMSG;
	in->at += (size_t)(llhttp_get_error_pos(&in->parser) - data);
	if (x == HPE_PAUSED)
		llhttp_resume(&in->parser);
	else
		in->state = H1_DONE;
	return 0;
}

/* Until there is a piece of body, or nothing left: sizes of chunks may take all of max. */
static enum h1_step take_body(struct h1_in *in, size_t max)
{
	/* Behind a piece of body llhttp may have something to say without another byte. */
	bool silent = in->body_len > 0;

	while (in->at < in->len || silent) {
		silent = false;
		if (digest(in, max) < 0)
			return H1_BAD;
		if (in->body_len)
			return H1_HAS_BODY;
		if (in->state == H1_DONE)
			return H1_HAS_END;
	}
	return H1_MORE;
}

enum h1_step h1_in_step(struct h1_in *in, size_t max)
{
	if (in->state == H1_HEAD)
		return in->at < in->len ? take_head(in) : H1_MORE;
	if (in->state == H1_DONE)
		return H1_HAS_END;
	return take_body(in, max);
}

bool h1_in_eof(struct h1_in *in)
{
	return in->state == H1_BODY && in->head.body == BODY_CLOSE && in->at == in->len;
}

/* --- messages that go --- */

static void add_str(struct wire *w, const char *s)
{
	wire_add(w, s, strlen(s));
}

static void write_fields(struct wire *w, const struct message *m)
{
	for (size_t i = 0; i < m->n; i++) {
		add_str(w, message_text(m, m->fields[i].name));
		wire_add(w, ": ", 2);
		add_str(w, message_text(m, m->fields[i].value));
		wire_add(w, "\r\n", 2);
	}
}

static void write_framing(struct wire *w, const struct message *m)
{
	char line[64];

	if (m->body == BODY_CHUNKED) {
		add_str(w, "transfer-encoding: chunked\r\n");
	} else if (m->body == BODY_LENGTH) {
		snprintf(line, sizeof(line), "content-length: %llu\r\n",
			 (unsigned long long)m->length);
		add_str(w, line);
	}
}

/* A server may want a length also where there is nothing. */
static bool wants_length(const struct message *m)
{
	static const char *const with[] = {"POST", "PUT", "PATCH"};

	for (size_t i = 0; i < 3; i++)
		if (strcmp(message_text(m, m->method), with[i]) == 0)
			return m->body == BODY_NONE;
	return false;
}

void h1_write_request(struct wire *w, const struct message *m, const char *host)
{
	add_str(w, message_text(m, m->method));
	wire_add(w, " ", 1);
	add_str(w, message_text(m, m->target));
	add_str(w, " HTTP/1.1\r\nhost: ");
	add_str(w, host);
	wire_add(w, "\r\n", 2);
	if (m->upgrade)
		add_str(w, "connection: upgrade\r\nupgrade: websocket\r\n");
	write_fields(w, m);
	write_framing(w, m);
	if (wants_length(m))
		add_str(w, "content-length: 0\r\n");
	wire_add(w, "\r\n", 2);
}

void h1_write_response(struct wire *w, const struct message *m, bool old, bool close)
{
	char line[64];
	const char *reason = llhttp_status_name((llhttp_status_t)m->status);

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", m->status);
	add_str(w, line);
	for (; reason && *reason; reason++) {
		char c = *reason == '_' ? ' ' : *reason;

		wire_add(w, &c, 1);
	}
	wire_add(w, "\r\n", 2);
	write_fields(w, m);
	if (m->status >= 200 && !(old && m->body == BODY_CHUNKED))
		write_framing(w, m);
	if (m->upgrade)
		add_str(w, "connection: upgrade\r\nupgrade: websocket\r\n");
	else if (close && m->status >= 200)
		add_str(w, "connection: close\r\n");
	wire_add(w, "\r\n", 2);
}

void h1_write_chunk(struct wire *w, const char *data, size_t len)
{
	char line[24];

	snprintf(line, sizeof(line), "%zx\r\n", len);
	add_str(w, line);
	wire_add(w, data, len);
	wire_add(w, "\r\n", 2);
}

void h1_write_last(struct wire *w, const struct message *trailers)
{
	wire_add(w, "0\r\n", 3);
	if (trailers)
		write_fields(w, trailers);
	wire_add(w, "\r\n", 2);
}
