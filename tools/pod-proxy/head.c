/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/head.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "libcommon/unit.h"

/* A piece of the head, not ended by NUL. */
struct text {
	const char *at;
	size_t len;
};

struct reading {
	struct head *h;
	bool has_host, old;    /* HTTP/1.0 */
	unsigned framings;     /* Content-Length and Transfer-Encoding fields */
	struct text authority; /* of the request target, if it has one */
};

static bool is_word(struct text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

static bool is_token(struct text t)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < t.len; i++)
		if (!isascii((unsigned char)t.at[i]) ||
		    (!isalnum((unsigned char)t.at[i]) &&
		     !memchr(others, t.at[i], sizeof(others) - 1)))
			return false;
	return t.len > 0;
}

/* Visible, and blanks and tabs between; also bytes above ASCII, which are opaque. */
static bool is_value(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static struct text trim(struct text t)
{
	while (t.len && (*t.at == ' ' || *t.at == '\t'))
		t.at++, t.len--;
	while (t.len && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
		t.len--;
	return t;
}

/* "name", "name:80", "[::1]:80" */
static int host_of(struct text t, char name[NAME_TEXT])
{
	const char *colon = t.len ? memrchr(t.at, ':', t.len) : NULL;
	struct text port = {0};

	if (colon && !(t.at[0] == '[' && t.at[t.len - 1] == ']')) {
		port = (struct text){colon + 1, (size_t)(t.at + t.len - colon - 1)};
		t.len = (size_t)(colon - t.at);
	}
	for (size_t i = 0; i < port.len; i++)
		if (!isdigit((unsigned char)port.at[i]))
			return -EBADMSG;
	return name_copy(name, t.at, t.len); /* an address in brackets is no name */
}

static int take_host(struct reading *r, struct text value)
{
	if (r->has_host)
		return -EBADMSG;
	r->has_host = true;
	return host_of(value, r->h->host);
}

static int take_length(struct reading *r, struct text value)
{
	char digits[20];

	if (r->framings++ || value.len == 0 || value.len >= sizeof(digits))
		return -EBADMSG;
	memcpy(digits, value.at, value.len);
	digits[value.len] = '\0';
	if (strspn(digits, "0123456789") != value.len ||
	    unit_u64(digits, UINT64_MAX, &r->h->length) < 0)
		return -EBADMSG;
	r->h->body = r->h->length ? BODY_LENGTH : BODY_NONE;
	return 0;
}

static int take_coding(struct reading *r, struct text value)
{
	if (r->framings++ || r->old || !is_word(value, "chunked"))
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
	const char *colon = memchr(line.at, ':', line.len);
	struct text name, value;

	if (!colon)
		return -EBADMSG;
	name = (struct text){line.at, (size_t)(colon - line.at)};
	value = trim((struct text){colon + 1, line.len - name.len - 1});
	/* A line that goes on from the one before begins with a blank, which is in no token. */
	if (!is_token(name) || !is_value(value))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (is_word(name, fields[i].name))
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
	if (t.len && (t.at[0] == '/' || is_word(t, "*")))
		return 0;
	if (t.len <= n || strncasecmp(t.at, scheme, n) != 0)
		return -EBADMSG;
	end = memchr(t.at + n, '/', t.len - n);
	r->authority = (struct text){t.at + n, end ? (size_t)(end - t.at) - n : t.len - n};
	return 0;
}

/* METHOD SP TARGET SP HTTP/1.x; what asks for a tunnel or an echo is not passed on. */
static int read_request(struct reading *r, struct text line)
{
	const char *first = memchr(line.at, ' ', line.len);
	const char *last = memrchr(line.at, ' ', line.len);
	struct text method, version;

	if (!first || first == last)
		return -EBADMSG;
	method = (struct text){line.at, (size_t)(first - line.at)};
	version = (struct text){last + 1, (size_t)(line.at + line.len - last - 1)};
	r->old = version.len == 8 && memcmp(version.at, "HTTP/1.0", 8) == 0;
	if (!is_token(method) || is_word(method, "CONNECT") || is_word(method, "TRACE") ||
	    (!r->old && !(version.len == 8 && memcmp(version.at, "HTTP/1.1", 8) == 0)))
		return -EBADMSG;
	return read_target(r, (struct text){first + 1, (size_t)(last - first - 1)});
}

/* The next line; 0 when it is not whole yet.  A line feed alone ends none. */
static int next_line(const char *data, size_t len, size_t *at, struct text *line)
{
	const char *eol = memchr(data + *at, '\n', len - *at);

	if (!eol)
		return memchr(data + *at, '\0', len - *at) ? -EBADMSG : -EAGAIN;
	*line = (struct text){data + *at, (size_t)(eol - data) - *at};
	if (line->len == 0 || line->at[line->len - 1] != '\r')
		return -EBADMSG;
	line->len--;
	*at += line->len + 2;
	return 0;
}

static int check_whole(struct reading *r)
{
	char name[NAME_TEXT];

	if (!r->has_host)
		return -EBADMSG;
	if (r->authority.at && (host_of(r->authority, name) < 0 || strcmp(name, r->h->host) != 0))
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
	x = next_line(data, limit, &at, &line);
	if (x == 0)
		x = read_request(&r, line);
	for (unsigned n = 0; x == 0; n++) {
		x = next_line(data, limit, &at, &line);
		if (x == 0 && line.len == 0) {
			h->size = at;
			return check_whole(&r);
		}
		if (x == 0)
			x = n < HEAD_FIELDS ? read_field(&r, line) : -EBADMSG;
	}
	return x == -EAGAIN && len >= HEAD_MAX ? -EBADMSG : x;
}
