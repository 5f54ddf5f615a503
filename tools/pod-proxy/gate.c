/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader of heads.  What it keeps is written anew; what belongs to one connection, and
 * the framing, becomes a member of the message or is dropped.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/pod-proxy/h1.h"
#include "tools/pod-proxy/text.h"

struct gate {
	struct message *m;
	bool response, old;
	bool has_host, says_upgrade, wants_websocket;
	unsigned framings;     /* Content-Length and Transfer-Encoding fields */
	struct text authority; /* of the target, if it has one */
	struct text host;
	struct buf drop; /* names that Connection lists, each with a NUL */
};

/* --- fields that are not passed on as they came --- */

static int take_host(struct gate *g, struct text value)
{
	if (g->response)
		return 0;
	if (g->has_host || value.len == 0)
		return -EBADMSG;
	g->has_host = true;
	g->host = value;
	g->m->authority = message_store(g->m, value.at, value.len);
	return 0;
}

static int take_length(struct gate *g, struct text value)
{
	unsigned long long n;

	if (g->framings++ || text_number(value, &n) < 0)
		return -EBADMSG;
	g->m->length = n;
	g->m->body = BODY_LENGTH;
	return 0;
}

static int take_coding(struct gate *g, struct text value)
{
	if (g->framings++ || g->old || !text_is(value, "chunked"))
		return -EBADMSG;
	g->m->body = BODY_CHUNKED;
	return 0;
}

static int take_connection(struct gate *g, struct text value)
{
	struct text word;

	while (text_next(&value, &word)) {
		if (word.len && !text_is_token(word))
			return -EBADMSG;
		if (text_is(word, "close"))
			g->m->close = true;
		else if (text_is(word, "upgrade"))
			g->says_upgrade = true;
		else if (word.len) {
			buf_add(&g->drop, word.at, word.len);
			buf_char(&g->drop, '\0');
		}
	}
	return 0;
}

static int take_upgrade(struct gate *g, struct text value)
{
	g->wants_websocket |= text_is(value, "websocket");
	return 0;
}

static int take_expect(struct gate *g, struct text value)
{
	if (!text_is(value, "100-continue"))
		return -EBADMSG;
	g->m->expect = !g->old;
	return 0;
}

/* How long a server waits for another request.  A hint: what cannot be read says nothing. */
static int take_keep_alive(struct gate *g, struct text value)
{
	static const char timeout[] = "timeout=";
	const size_t n = sizeof(timeout) - 1;
	unsigned long long seconds;
	struct text word;

	while (text_next(&value, &word))
		if (word.len > n && strncasecmp(word.at, timeout, n) == 0 &&
		    text_number((struct text){word.at + n, word.len - n}, &seconds) == 0 &&
		    seconds < 3600)
			g->m->keep_ms = seconds ? seconds * 1000 - 500 : 1;
	return 0;
}

static int take_nothing(struct gate *g, struct text value)
{
	(void)g;
	(void)value;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct gate *g, struct text value);
} fields[] = {
	{"host", take_host},
	{"content-length", take_length},
	{"transfer-encoding", take_coding},
	{"connection", take_connection},
	{"upgrade", take_upgrade},
	{"expect", take_expect},
	{"keep-alive", take_keep_alive},
	{"proxy-connection", take_nothing},
	{"te", take_nothing},
	{"trailer", take_nothing},
	{"http2-settings", take_nothing},
};

static int read_field(struct gate *g, struct text line)
{
	struct text name, value;

	if (!text_field(line, &name, &value))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (text_is(name, fields[i].name))
			return fields[i].take(g, value);
	return message_put(g->m, name.at, name.len, value.at, value.len) < 0 ? -EBADMSG : 0;
}

static int read_fields(struct gate *g, const char *data, size_t len, size_t *at)
{
	struct text line;

	for (unsigned n = 0; n <= MESSAGE_FIELDS; n++) {
		int r = text_line(data, len, at, &line);

		if (r < 0 || line.len == 0)
			return r;
		r = read_field(g, line);
		if (r < 0)
			return r;
	}
	return -EBADMSG;
}

static void drop_listed(struct gate *g)
{
	for (size_t at = 0; at < g->drop.len; at += strlen(g->drop.data + at) + 1) {
		char *name = g->drop.data + at;

		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
		message_remove(g->m, name);
	}
}

/* --- requests --- */

/* Printable ASCII, and no fragment: some servers would cut it off, others not. */
static bool is_target(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] <= ' ' || t.at[i] >= 0x7f || t.at[i] == '#')
			return false;
	return t.len > 0;
}

static int read_target(struct gate *g, struct text t)
{
	static const char *const schemes[] = {"https://", "http://"};

	if (!is_target(t))
		return -EBADMSG;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]), host;

		if (t.len <= n || strncasecmp(t.at, schemes[i], n) != 0)
			continue;
		for (host = n; host < t.len && t.at[host] != '/' && t.at[host] != '?'; host++)
			;
		g->authority = (struct text){t.at + n, host - n};
		t = (struct text){t.at + host, t.len - host};
		/* "http://host?query" has no path of its own. */
		if (t.len && t.at[0] != '/')
			return -EBADMSG;
		if (t.len == 0)
			t = (struct text){"/", 1};
		break;
	}
	if (t.at[0] != '/' &&
	    !(text_is(t, "*") && strcmp(message_text(g->m, g->m->method), "OPTIONS") == 0))
		return -EBADMSG;
	g->m->target = message_store(g->m, t.at, t.len);
	return 0;
}

static int read_request(struct gate *g, struct text line)
{
	struct text method, target;

	if (text_request(line, &method, &target, &g->old) < 0)
		return -EBADMSG;
	g->m->method = message_store(g->m, method.at, method.len);
	return read_target(g, target);
}

/* An authority in the target has to be the one of Host. */
static int check_request(struct gate *g)
{
	char a[NAME_TEXT], b[NAME_TEXT];
	unsigned pa, pb;

	if (!g->has_host)
		return -EBADMSG;
	if (g->authority.at && (text_host(g->authority, a, &pa) < 0 ||
				text_host(g->host, b, &pb) < 0 || strcmp(a, b) != 0 || pa != pb))
		return -EBADMSG;
	if (g->m->body == BODY_LENGTH && g->m->length == 0)
		g->m->body = BODY_NONE;
	g->m->upgrade = g->says_upgrade && g->wants_websocket && !g->old &&
			g->m->body == BODY_NONE &&
			strcmp(message_text(g->m, g->m->method), "GET") == 0;
	g->m->close |= g->old;
	return 0;
}

/* --- responses --- */

static int read_status(struct gate *g, struct text line)
{
	struct text version = {line.at, line.len < 8 ? line.len : 8};
	unsigned long long status;

	g->old = text_is_exactly(version, "HTTP/1.0");
	if (line.len < 12 || (!g->old && !text_is_exactly(version, "HTTP/1.1")) ||
	    line.at[8] != ' ' || (line.len > 12 && line.at[12] != ' ') ||
	    text_number((struct text){line.at + 9, 3}, &status) < 0 || status < 100 || status > 599)
		return -EBADMSG;
	g->m->status = (int)status;
	return 0;
}

static int check_response(struct gate *g, bool head)
{
	struct message *m = g->m;
	bool bare = m->status < 200 || m->status == 204;

	m->close |= g->old;
	m->expect = false;
	m->upgrade = m->status == 101 && g->says_upgrade && g->wants_websocket;
	if (bare && (m->body == BODY_CHUNKED || m->length))
		return -EBADMSG;
	if (bare)
		m->body = BODY_NONE;
	else if (!g->framings && !head && m->status != 304) {
		m->body = BODY_CLOSE;
		m->close = true;
	}
	return 0;
}

/* --- both --- */

static int gate_run(struct gate *g, const char *data, size_t len, bool head, size_t *size)
{
	int (*first)(struct gate *, struct text) = g->response ? read_status : read_request;
	size_t limit = len < HEAD_MAX ? len : HEAD_MAX, at = 0;
	struct text line;
	int r = text_line(data, limit, &at, &line);

	if (r == 0 && !text_is_value(line))
		r = -EBADMSG;
	if (r == 0)
		r = first(g, line);
	if (r == 0)
		r = read_fields(g, data, limit, &at);
	if (r == -EAGAIN && len >= HEAD_MAX)
		r = -EBADMSG;
	if (r == 0) {
		drop_listed(g);
		r = g->response ? check_response(g, head) : check_request(g);
	}
	*size = at;
	buf_finish(&g->drop);
	return r;
}

int gate_request(const char *data, size_t len, struct message *m, bool *old, size_t *size)
{
	struct gate g = {.m = m};
	int r;

	message_clear(m);
	r = gate_run(&g, data, len, false, size);
	*old = g.old;
	return r;
}

int gate_response(const char *data, size_t len, bool head, struct message *m, size_t *size)
{
	struct gate g = {.m = m, .response = true};

	message_clear(m);
	return gate_run(&g, data, len, head, size);
}
