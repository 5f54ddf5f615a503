/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/body.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"

/* RFC 9110, 15: what our exit statuses (envpod/exit.h) are to a client.  1 is an answer. */
static const struct {
	int exit;
	unsigned http;
} statuses[] = {
	{POD_EXIT_OK, 200},          {POD_EXIT_NO, 200},     {POD_EXIT_FAILED, 422},
	{POD_EXIT_REFUSED, 409},     {POD_EXIT_USAGE, 400},  {POD_EXIT_BUSY, 423},
	{POD_EXIT_UNSUPPORTED, 403}, {POD_EXIT_CONFIG, 422},
};

static unsigned http_of(int exit)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].exit == exit)
			return statuses[i].http;
	return 500;
}

void body_error(struct buf *body, const char *why, int code)
{
	jw_open(body, '{');
	jw_kstr(body, "error", why);
	jw_knum(body, "code", code);
	jw_close(body, '}');
	buf_char(body, '\n');
}

/* "pod-config: 3:1: …": what stands in front is for terminals. */
static void add_words(struct buf *to, const struct buf *from)
{
	const char *p = from->data ? from->data : "", *end = p + from->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		const char *colon = memchr(p, ':', (size_t)(stop - p));
		bool ours = (strncmp(p, "envpod", 6) == 0 || strncmp(p, "pod-", 4) == 0) && colon &&
			    !memchr(p, ' ', (size_t)(colon - p));

		if (ours && colon + 2 <= stop)
			p = colon + 2;
		if (to->len)
			buf_char(to, '\n');
		buf_add(to, p, (size_t)(stop - p));
		p = stop + 1;
	}
}

/* Lines of objects become elements of an array. */
static void add_array(struct buf *body, const struct buf *output)
{
	const char *p = output->data ? output->data : "", *end = p + output->len;

	buf_char(body, '[');
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (n && body->len > 1)
			buf_str(body, ",\n");
		buf_add(body, p, n);
		p += n + 1;
	}
	buf_str(body, "]\n");
}

static void add_done(struct buf *body, const struct route *r, const struct buf *output,
		     const struct buf *error)
{
	OWN_BUF struct buf said = BUF_INIT, warned = BUF_INIT;

	add_words(&said, output);
	add_words(&warned, error);
	jw_open(body, '{');
	jw_kstr(body, "status", r->done);
	jw_kstr(body, "output", said.data ? said.data : "");
	jw_kstr(body, "warning", warned.data ? warned.data : "");
	jw_close(body, '}');
	buf_char(body, '\n');
}

unsigned body_make(struct buf *body, const struct route *r, const struct ask *a, int status,
		   const struct buf *output, const struct buf *error)
{
	unsigned http = http_of(status);

	if (http != 200 || (status == POD_EXIT_NO && r->answer == ANSWER_DONE)) {
		OWN_BUF struct buf why = BUF_INIT;

		add_words(&why, error->len ? error : output);
		body_error(body, why.data ? why.data : "the command failed without a word", status);
		return http == 200 ? 409 : http;
	}
	if (r->answer == ANSWER_LIST && !a->lines)
		add_array(body, output);
	else if (r->answer == ANSWER_DONE)
		add_done(body, r, output, error);
	else if (output->len)
		buf_add(body, output->data, output->len);
	return strcmp(r->method, "POST") == 0 && r->answer == ANSWER_DONE &&
			       strcmp(r->done, "created") == 0
		       ? 201
		       : 200;
}
