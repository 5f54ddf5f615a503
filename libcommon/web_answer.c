/* SPDX-License-Identifier: Apache-2.0 */
/* What every answer says besides its body. */
#include <stdio.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/web.h"

#define BLOCK 16384

#define POLICY                                                                                  \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " \
	"connect-src 'self'; media-src 'self' blob:; font-src 'self'; worker-src 'self'; "      \
	"frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "

static const char *const always[] = {
	"X-Content-Type-Options",
	"nosniff",
	"Referrer-Policy",
	"no-referrer",
	"Cross-Origin-Resource-Policy",
	"same-origin",
	"Cross-Origin-Opener-Policy",
	"same-origin",
	"Cache-Control",
	"no-store",
	NULL,
};

static void add_headers(struct MHD_Response *r, const char *const *headers)
{
	for (; headers && headers[0]; headers += 2)
		if (!MHD_get_response_header(r, headers[0]))
			MHD_add_response_header(r, headers[0], headers[1]);
}

static void add_policy(const struct web *w, struct MHD_Response *r)
{
	OWN_FREE char *policy = xfmt(POLICY "%s", w->frame_origin ? w->frame_origin : "'none'");

	MHD_add_response_header(r, "Content-Security-Policy", policy);
	if (!w->frame_origin)
		MHD_add_response_header(r, "X-Frame-Options", "DENY");
}

void web_queue(struct web_request *q, unsigned status, struct MHD_Response *response,
	       const char *const *headers)
{
	if (q->response || q->is_queued) {
		MHD_destroy_response(response);
		return;
	}
	add_headers(response, headers); /* which go before ours */
	add_headers(response, always);
	add_policy(q->web, response);
	q->status = status;
	q->response = response;
	web_go_on(q);
}

static void answer(struct web_request *q, unsigned status, const char *type, const void *body,
		   size_t len, enum MHD_ResponseMemoryMode mode, const char *const *headers)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, mode);

	if (!r) {
		web_cut(q);
		return;
	}
	if (type)
		MHD_add_response_header(r, "Content-Type", type);
	web_queue(q, status, r, headers);
}

void web_answer(struct web_request *q, unsigned status, const char *type, const void *body,
		size_t len, const char *const *headers)
{
	answer(q, status, type, body, len, MHD_RESPMEM_MUST_COPY, headers);
}

void web_answer_kept(struct web_request *q, unsigned status, const char *type, const void *body,
		     size_t len, const char *const *headers)
{
	answer(q, status, type, body, len, MHD_RESPMEM_PERSISTENT, headers);
}

void web_refuse(struct web_request *q, unsigned status, const char *code, const char *message)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kbool(&b, "ok", false);
	jw_kstr(&b, "error", code);
	jw_kstr(&b, "message", message);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	web_answer(q, status, "application/json", b.data, b.len, NULL);
}

static ssize_t on_read(void *arg, uint64_t at, char *out, size_t max)
{
	struct web_request *q = arg;
	ssize_t n = q->is_cut ? -2 : q->read(q, out, max);

	(void)at;
	if (n >= 0)
		return n;
	return n == -1 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

void web_answer_stream(struct web_request *q, unsigned status, const char *type,
		       ssize_t (*read)(struct web_request *q, char *out, size_t max),
		       const char *const *headers)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, q, NULL);

	if (!r) {
		web_cut(q);
		return;
	}
	q->read = read;
	web_take_time(q);
	MHD_add_response_header(r, "Content-Type", type);
	web_queue(q, status, r, headers);
}

void web_cookie_text(const struct web *w, const char *secret, char out[160])
{
	snprintf(out, 160, "%s=%s; Path=/; HttpOnly; SameSite=Strict", w->cookie, secret);
}

void web_origin(const struct web *w, unsigned which, char out[64])
{
	snprintf(out, 64, "http://%s.localhost:%u", web_sessions_label(w->sessions),
		 w->port[which]);
}
