/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/head.h"

#include <errno.h>
#include <string.h>

#include "tools/pod-proxy/text.h"

struct reading {
	struct head *h;
	bool has_host, old; /* HTTP/1.0 */
	unsigned port;
	unsigned framings;     /* Content-Length and Transfer-Encoding fields */
	struct text authority; /* of the request target, if it has one */
};

static int take_host(struct reading *r, struct text value)
{
	if (r->has_host)
		return -EBADMSG;
	r->has_host = true;
	return text_host(value, r->h->host, &r->port);
}

static int take_length(struct reading *r, struct text value)
{
	unsigned long long n;

	if (r->framings++ || text_number(value, &n) < 0)
		return -EBADMSG;
	r->h->length = n;
	r->h->body = n ? BODY_LENGTH : BODY_NONE;
	return 0;
}

static int take_coding(struct reading *r, struct text value)
{
	if (r->framings++ || r->old || !text_is(value, "chunked"))
		return -EBADMSG;
	r->h->body = BODY_CHUNKED;
	return 0;
}

static int take_upgrade(struct reading *r, struct text value)
{
	(void)value;
	r->h->upgrade = true;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct reading *r, struct text value);
} fields[] = {
	{"host", take_host},
	{"content-length", take_length},
	{"transfer-encoding", take_coding},
	{"upgrade", take_upgrade},
};

static int read_field(struct reading *r, struct text line)
{
	struct text name, value;

	if (!text_field(line, &name, &value))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (text_is(name, fields[i].name))
			return fields[i].take(r, value);
	return 0;
}

static int read_target(struct reading *r, struct text t)
{
	static const char scheme[] = "http://";
	size_t n = sizeof(scheme) - 1;
	const char *end;

	for (size_t i = 0; i < t.len; i++)
		if ((unsigned char)t.at[i] <= ' ' || t.at[i] == 0x7f)
			return -EBADMSG;
	if (t.len && (t.at[0] == '/' || text_is(t, "*")))
		return 0;
	if (t.len <= n || strncasecmp(t.at, scheme, n) != 0)
		return -EBADMSG;
	end = memchr(t.at + n, '/', t.len - n);
	r->authority = (struct text){t.at + n, end ? (size_t)(end - t.at) - n : t.len - n};
	return 0;
}

static int read_request(struct reading *r, struct text line)
{
	struct text method, target;

	return text_request(line, &method, &target, &r->old) < 0 ? -EBADMSG
								 : read_target(r, target);
}

static int check_whole(struct reading *r)
{
	char name[NAME_TEXT];

	if (!r->has_host)
		return -EBADMSG;
	if (r->authority.at &&
	    (text_host(r->authority, name, &r->port) < 0 || strcmp(name, r->h->host) != 0))
		return -EBADMSG;
	return 0;
}

int head_parse(const char *data, size_t len, struct head *h)
{
	struct reading r = {.h = h};
	size_t limit = len < HEAD_MAX ? len : HEAD_MAX, at = 0;
	struct text line;
	int x;

	*h = (struct head){0};
	x = text_line(data, limit, &at, &line);
	if (x == 0)
		x = read_request(&r, line);
	for (unsigned n = 0; x == 0; n++) {
		x = text_line(data, limit, &at, &line);
		if (x == 0 && line.len == 0) {
			h->size = at;
			return check_whole(&r);
		}
		if (x == 0)
			x = n < HEAD_FIELDS ? read_field(&r, line) : -EBADMSG;
	}
	return x == -EAGAIN && len >= HEAD_MAX ? -EBADMSG : x;
}
