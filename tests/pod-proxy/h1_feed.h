/* SPDX-License-Identifier: Apache-2.0 */
/* Messages given to an h1_in in pieces, and what it makes of them as one text. */
#ifndef TESTS_POD_PROXY_H1_FEED_H
#define TESTS_POD_PROXY_H1_FEED_H

#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/h1.h"

static inline void h1_feed(struct h1_in *in, const char *data, size_t len)
{
	if (!in->data)
		in->data = xrealloc(NULL, H1_IN);
	memmove(in->data, in->data + in->at, in->len - in->at);
	in->len -= in->at;
	in->at = 0;
	memcpy(in->data + in->len, data, len);
	in->len += len;
}

static inline void h1_tell_head(const struct h1_in *in, struct buf *b)
{
	static const char *const body[] = {"none", "length", "chunked", "close"};
	const struct message *m = &in->head;

	if (in->response)
		buf_fmt(b, "%d", m->status);
	else
		buf_fmt(b, "%s %s %s", message_text(m, m->method), message_text(m, m->authority),
			message_text(m, m->target));
	buf_fmt(b, " %s %llu%s%s%s", body[m->body], (unsigned long long)m->length,
		m->upgrade ? " upgrade" : "", m->expect ? " expect" : "", m->close ? " close" : "");
	for (size_t i = 0; i < m->n; i++)
		buf_fmt(b, " %s=%s", message_text(m, m->fields[i].name),
			message_text(m, m->fields[i].value));
	buf_char(b, '|');
}

/* Everything that can be made of it by now; room: of each step.  false: nothing follows. */
static inline bool h1_tell(struct h1_in *in, size_t room, bool to_head, struct buf *b)
{
	for (;;)
		switch (h1_in_step(in, room)) {
		case H1_HAS_HEAD:
			h1_tell_head(in, b);
			break;
		case H1_HAS_BODY:
			buf_add(b, in->body, in->body_len);
			break;
		case H1_HAS_END:
			for (size_t i = 0; i < in->trailers.n; i++)
				buf_fmt(b, "+%s",
					message_text(&in->trailers, in->trailers.fields[i].name));
			buf_char(b, '$');
			if (in->head.upgrade) /* what follows is something else */
				return false;
			h1_in_next(in, to_head);
			break;
		case H1_MORE:
			return true;
		default:
			buf_str(b, "BAD");
			return false;
		}
}

/* In pieces of so many bytes.  The text is the caller's. */
static inline char *h1_said(const char *data, size_t len, size_t piece, size_t room, bool response,
			    bool to_head)
{
	struct buf b = BUF_INIT;
	struct h1_in in;

	h1_in_init(&in, response);
	h1_in_next(&in, to_head);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		if (in.len - in.at + n > H1_IN) /* nobody reads more */
			break;
		h1_feed(&in, data + at, n);
		if (!h1_tell(&in, room, to_head, &b))
			break;
	}
	h1_in_finish(&in);
	return buf_take(&b);
}

#endif
