/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of HTTP/2.  nghttp2 has seen to it that pseudo-header fields come first, once, and none is
 * unknown; that names are lower case; that no field of a connection is among them; and that DATA is
 * as long as content-length says.  What HTTP/1.1 could read in another way is refused here.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/pod-proxy/h2.h"
#include "tools/pod-proxy/text.h"

static uint32_t store(struct h2_stream *st, struct text t)
{
	return message_store(&st->head, t.at, t.len);
}

static void take_method(struct h2_stream *st, struct text value)
{
	st->bad |= !text_is_token(value) || text_is(value, "CONNECT") || text_is(value, "TRACE");
	st->head.method = store(st, value);
}

static void take_scheme(struct h2_stream *st, struct text value)
{
	st->bad |= !text_is(value, "https");
}

static void take_authority(struct h2_stream *st, struct text value)
{
	st->bad |= value.len == 0;
	st->head.authority = store(st, value);
}

/* Printable ASCII, no fragment: as in HTTP/1.1. */
static void take_path(struct h2_stream *st, struct text value)
{
	for (size_t i = 0; i < value.len; i++)
		st->bad |= value.at[i] <= ' ' || value.at[i] >= 0x7f || value.at[i] == '#';
	st->bad |= value.len == 0 || (value.at[0] != '/' && !text_is(value, "*"));
	st->head.target = store(st, value);
}

static void take_host(struct h2_stream *st, struct text value)
{
	st->bad |= value.len == 0 || st->host.len;
	buf_add(&st->host, value.at, value.len);
}

/* Crumbs (RFC 9113 8.2.3). */
static void take_cookie(struct h2_stream *st, struct text value)
{
	buf_str(&st->cookies, st->cookies.len ? "; " : "");
	buf_add(&st->cookies, value.at, value.len);
}

static void take_length(struct h2_stream *st, struct text value)
{
	unsigned long long n = 0;

	st->bad |= st->head.body == BODY_LENGTH || text_number(value, &n) < 0;
	st->head.body = BODY_LENGTH;
	st->head.length = n;
}

static void take_expect(struct h2_stream *st, struct text value)
{
	st->bad |= !text_is(value, "100-continue");
	st->head.expect = true;
}

/* nghttp2 lets nothing else by. */
static void take_te(struct h2_stream *st, struct text value)
{
	st->head.trailers = text_is(value, "trailers");
}

static void take_nothing(struct h2_stream *st, struct text value)
{
	(void)st;
	(void)value;
}

static void refuse(struct h2_stream *st, struct text value)
{
	(void)value;
	st->bad = true;
}

static const struct {
	const char *name;
	void (*take)(struct h2_stream *st, struct text value);
} fields[] = {
	{":method", take_method},
	{":scheme", take_scheme},
	{":authority", take_authority},
	{":path", take_path},
	{"host", take_host},
	{"cookie", take_cookie},
	{"content-length", take_length},
	{"expect", take_expect},
	{"te", take_te},
	{"trailer", take_nothing},
	{"connection", refuse},
	{"transfer-encoding", refuse},
	{"upgrade", refuse},
	{"keep-alive", refuse},
	{"proxy-connection", refuse},
	{"http2-settings", refuse},
};

static bool has_upper(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] >= 'A' && t.at[i] <= 'Z')
			return true;
	return false;
}

int h2_field(struct h2_stream *st, struct text name, struct text value)
{
	st->head_size += name.len + value.len + 32; /* as RFC 9113 6.5.2 counts */
	if (st->head_size > HEAD_MAX || ++st->fields > MESSAGE_FIELDS)
		return -EMSGSIZE;
	value = text_trim(value);
	st->bad |= has_upper(name) || !text_is_value(value);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (text_is(name, fields[i].name)) {
			fields[i].take(st, value);
			return 0;
		}
	st->bad |= !text_is_token(name);
	return message_put(&st->head, name.at, name.len, value.at, value.len);
}

/* Of both, each has to say the same (RFC 9113 8.3.1). */
static bool has_authority(struct h2_stream *st)
{
	const char *authority = message_text(&st->head, st->head.authority);

	if (!st->host.len)
		return *authority != '\0';
	if (!*authority) {
		st->head.authority = message_store(&st->head, st->host.data, st->host.len);
		return true;
	}
	return strcasecmp(authority, st->host.data) == 0;
}

int h2_request(struct h2_stream *st, bool end)
{
	struct message *m = &st->head;
	const char *target = message_text(m, m->target);
	bool all = strcmp(target, "*") == 0;

	st->has_head = true;
	if (st->bad || !m->method || !has_authority(st) ||
	    (all && strcmp(message_text(m, m->method), "OPTIONS") != 0))
		return -EBADMSG;
	if (m->body == BODY_LENGTH && m->length == 0)
		m->body = BODY_NONE;
	else if (!end && m->body != BODY_LENGTH)
		m->body = BODY_CHUNKED;
	if (end && m->body == BODY_LENGTH)
		return -EBADMSG;
	if (st->cookies.len && message_add(m, "cookie", st->cookies.data) < 0)
		return -EBADMSG;
	return 0;
}

nghttp2_nv h2_pair(const char *name, const char *value, bool secret)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
			    .value = (uint8_t *)(uintptr_t)value,
			    .namelen = strlen(name),
			    .valuelen = strlen(value),
			    .flags = secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE};
}

size_t h2_fields(const struct message *m, nghttp2_nv *nv, size_t n)
{
	for (size_t i = 0; i < m->n; i++)
		nv[n++] = h2_pair(message_text(m, m->fields[i].name),
				  message_text(m, m->fields[i].value), m->fields[i].secret);
	return n;
}

/* --- trailers --- */

int h2_trailer(struct message *m, struct text name, struct text value)
{
	value = text_trim(value);
	if (!text_is_token(name) || has_upper(name) || !text_is_value(value))
		return -EBADMSG;
	if (message_is_late(name.at, name.len))
		return 0;
	return message_put(m, name.at, name.len, value.at, value.len);
}

/* --- responses --- */

static void answer_status(struct h2_answer *a, struct text value)
{
	unsigned long long status = 0;

	a->bad |= value.len != 3 || text_number(value, &status) < 0 || status < 100 || status > 599;
	a->head.status = (int)status;
}

static void answer_length(struct h2_answer *a, struct text value)
{
	unsigned long long n = 0;

	a->bad |= a->head.body == BODY_LENGTH || text_number(value, &n) < 0;
	a->head.body = BODY_LENGTH;
	a->head.length = n;
}

static void answer_nothing(struct h2_answer *a, struct text value)
{
	(void)a;
	(void)value;
}

static void answer_bad(struct h2_answer *a, struct text value)
{
	(void)value;
	a->bad = true;
}

static const struct {
	const char *name;
	void (*take)(struct h2_answer *a, struct text value);
} answers[] = {
	{":status", answer_status},  {"content-length", answer_length},
	{"host", answer_nothing},    {"te", answer_nothing},
	{"trailer", answer_nothing}, {"connection", answer_bad},
	{"upgrade", answer_bad},     {"transfer-encoding", answer_bad},
	{"keep-alive", answer_bad},  {"proxy-connection", answer_bad},
};

int h2_answer_field(struct h2_answer *a, struct text name, struct text value)
{
	a->size += name.len + value.len + 32;
	if (a->size > HEAD_MAX)
		return -EMSGSIZE;
	value = text_trim(value);
	a->bad |= has_upper(name) || !text_is_value(value);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (text_is(name, answers[i].name)) {
			answers[i].take(a, value);
			return 0;
		}
	a->bad |= !text_is_token(name);
	return message_put(&a->head, name.at, name.len, value.at, value.len);
}

int h2_answer_whole(struct h2_answer *a, bool end)
{
	struct message *m = &a->head;

	if (a->bad || m->status < 100 || (m->status < 200 && end))
		return -EBADMSG;
	/* Of a HEAD, or a 304, the length is that of what does not come. */
	if (!end && m->body != BODY_LENGTH)
		m->body = m->status < 200 ? BODY_NONE : BODY_CHUNKED;
	return 0;
}
