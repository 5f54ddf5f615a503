/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "libcommon/unit.h"

bool text_is(struct text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

bool text_is_token(struct text t)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < t.len; i++)
		if (!isascii((unsigned char)t.at[i]) ||
		    (!isalnum((unsigned char)t.at[i]) &&
		     !memchr(others, t.at[i], sizeof(others) - 1)))
			return false;
	return t.len > 0;
}

bool text_is_value(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

struct text text_trim(struct text t)
{
	while (t.len && (*t.at == ' ' || *t.at == '\t'))
		t.at++, t.len--;
	while (t.len && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
		t.len--;
	return t;
}

bool text_field(struct text line, struct text *name, struct text *value)
{
	const char *colon = memchr(line.at, ':', line.len);

	if (!colon)
		return false;
	*name = (struct text){line.at, (size_t)(colon - line.at)};
	*value = text_trim((struct text){colon + 1, line.len - name->len - 1});
	/* A line that goes on from the one before begins with a blank, which is in no token. */
	return text_is_token(*name) && text_is_value(*value);
}

bool text_next(struct text *rest, struct text *item)
{
	const char *comma;

	if (rest->len == 0)
		return false;
	comma = memchr(rest->at, ',', rest->len);
	*item = (struct text){rest->at, comma ? (size_t)(comma - rest->at) : rest->len};
	rest->at += item->len + (comma ? 1 : 0);
	rest->len -= item->len + (comma ? 1 : 0);
	*item = text_trim(*item);
	return true;
}

int text_number(struct text t, unsigned long long *number)
{
	char digits[20];
	uint64_t n = 0;

	if (t.len == 0 || t.len >= sizeof(digits))
		return -EBADMSG;
	memcpy(digits, t.at, t.len);
	digits[t.len] = '\0';
	if (strspn(digits, "0123456789") != t.len || unit_u64(digits, UINT64_MAX, &n) < 0)
		return -EBADMSG;
	*number = n;
	return 0;
}

int text_host(struct text t, char name[NAME_TEXT], unsigned *port)
{
	const char *colon = t.len ? memrchr(t.at, ':', t.len) : NULL;
	unsigned long long n = 0;

	if (colon && !(t.at[0] == '[' && t.at[t.len - 1] == ']')) {
		struct text digits = {colon + 1, (size_t)(t.at + t.len - colon - 1)};

		if (digits.len && (text_number(digits, &n) < 0 || n > 65535))
			return -EBADMSG;
		t.len = (size_t)(colon - t.at);
	}
	*port = (unsigned)n;
	return name_copy(name, t.at, t.len);
}

bool text_is_exactly(struct text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

int text_request(struct text line, struct text *method, struct text *target, bool *old)
{
	const char *first = memchr(line.at, ' ', line.len);
	const char *last = memrchr(line.at, ' ', line.len);
	struct text version;

	if (!first || first == last)
		return -EBADMSG;
	*method = (struct text){line.at, (size_t)(first - line.at)};
	*target = (struct text){first + 1, (size_t)(last - first - 1)};
	version = (struct text){last + 1, (size_t)(line.at + line.len - last - 1)};
	*old = text_is_exactly(version, "HTTP/1.0");
	return !text_is_token(*method) || text_is(*method, "CONNECT") ||
			       text_is(*method, "TRACE") ||
			       (!*old && !text_is_exactly(version, "HTTP/1.1"))
		       ? -EBADMSG
		       : 0;
}

int text_line(const char *data, size_t len, size_t *at, struct text *line)
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
