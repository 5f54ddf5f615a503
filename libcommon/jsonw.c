/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/jsonw.h"

#include <inttypes.h>
#include <string.h>

#include "libcommon/path.h"

static void comma(struct buf *b)
{
	char last = b->len ? b->data[b->len - 1] : '\0';

	if (last && last != '{' && last != '[' && last != ':' && last != '\n')
		buf_char(b, ',');
}

void jw_open(struct buf *b, char bracket)
{
	comma(b);
	buf_char(b, bracket);
}

void jw_close(struct buf *b, char bracket)
{
	buf_char(b, bracket);
}

static void escaped(struct buf *b, unsigned char c)
{
	static const char *const shorts[] = {
		['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r",
		['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"};

	if (c < sizeof(shorts) / sizeof(shorts[0]) && shorts[c])
		buf_str(b, shorts[c]);
	else if (c < 0x20 || c == 0x7f)
		buf_fmt(b, "\\u%04x", c);
	else
		buf_char(b, (char)c);
}

static void quoted(struct buf *b, const char *s)
{
	bool valid = utf8_ok(s);

	buf_char(b, '"');
	for (; *s; s++) {
		if (valid || (unsigned char)*s < 0x80)
			escaped(b, (unsigned char)*s);
		else
			buf_str(b, "\xef\xbf\xbd");
	}
	buf_char(b, '"');
}

void jw_string(struct buf *b, const char *s)
{
	comma(b);
	quoted(b, s);
}

void jw_key(struct buf *b, const char *key)
{
	comma(b);
	quoted(b, key);
	buf_char(b, ':');
}

void jw_number(struct buf *b, int64_t n)
{
	comma(b);
	buf_fmt(b, "%" PRId64, n);
}

void jw_bool(struct buf *b, bool yes)
{
	comma(b);
	buf_str(b, yes ? "true" : "false");
}

void jw_kstr(struct buf *b, const char *key, const char *s)
{
	jw_key(b, key);
	jw_string(b, s);
}

void jw_knum(struct buf *b, const char *key, int64_t n)
{
	jw_key(b, key);
	jw_number(b, n);
}

void jw_kbool(struct buf *b, const char *key, bool yes)
{
	jw_key(b, key);
	jw_bool(b, yes);
}

void jw_kstrv(struct buf *b, const char *key, char *const *v)
{
	jw_key(b, key);
	jw_open(b, '[');
	for (; v && *v; v++)
		jw_string(b, *v);
	jw_close(b, ']');
}
