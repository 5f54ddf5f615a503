/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/jsonr.h"

#include <string.h>

void json_init(struct json *j, const char *data, size_t len)
{
	*j = (struct json){.start = data, .p = data, .end = data + len};
}

void json_wrong(struct json *j, const char *fault)
{
	if (!j->fault)
		j->fault = fault;
}

void json_place(const struct json *j, unsigned *line, unsigned *column)
{
	*line = *column = 1;
	for (const char *c = j->start; c < j->p; c++) {
		*line += *c == '\n';
		*column = *c == '\n' ? 1 : *column + 1;
	}
}

char json_peek(struct json *j)
{
	while (j->p < j->end && strchr(" \t\r\n", *j->p) && *j->p)
		j->p++;
	return j->fault || j->p == j->end ? '\0' : *j->p;
}

static bool take(struct json *j, char c, const char *fault)
{
	if (json_peek(j) != c || c == '\0') {
		json_wrong(j, fault);
		return false;
	}
	j->p++;
	return true;
}

bool json_open(struct json *j, char bracket)
{
	if (!take(j, bracket, bracket == '{' ? "an object was expected" : "a list was expected"))
		return false;
	if (j->depth == JSON_DEPTH) {
		json_wrong(j, "nested too deeply");
		return false;
	}
	j->stack[j->depth++] = bracket;
	j->is_first = true;
	return true;
}

/* Before each member: the end, or the comma. */
static bool more(struct json *j, char close)
{
	if (json_peek(j) == close) {
		j->p++;
		j->depth--;
		j->is_first = false;
		return false;
	}
	if (!j->is_first && !take(j, ',', "a comma or the end was expected"))
		return false;
	j->is_first = false;
	return !j->fault;
}

bool json_member(struct json *j, char *key, size_t size)
{
	return more(j, '}') && json_string(j, key, size) && take(j, ':', "a colon was expected");
}

bool json_element(struct json *j)
{
	return more(j, ']');
}

static int hex4(const char *p)
{
	int n = 0;

	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdefABCDEF", *at = strchr(digits, p[i]);

		if (!at || !p[i])
			return -1;
		n = n * 16 + (int)(at - digits > 15 ? at - digits - 6 : at - digits);
	}
	return n;
}

/* One character behind a backslash.  \u is understood for ASCII: names have nothing else. */
static int escaped(struct json *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int n;

	if (j->p == j->end)
		return -1;
	at = strchr(from, *j->p);
	if (at && *at) {
		j->p++;
		return to[at - from];
	}
	if (*j->p != 'u' || j->end - j->p < 5)
		return -1;
	n = hex4(j->p + 1);
	if (n <= 0 || n > 0x7f)
		return -1;
	j->p += 5;
	return n;
}

/* out may be NULL: then it is only passed over, and any \u will do. */
static bool string(struct json *j, char *out, size_t size)
{
	size_t n = 0;

	if (!take(j, '"', "a string was expected"))
		return false;
	while (j->p < j->end && *j->p != '"') {
		int c = (unsigned char)*j->p++;

		if (c < 0x20) {
			json_wrong(j, "a control character in a string");
			return false;
		}
		if (c == '\\' && !out) {
			j->p += j->p < j->end;
			continue;
		}
		if (c == '\\')
			c = escaped(j);
		if (c < 0 || (out && n + 1 >= size)) {
			json_wrong(j, c < 0 ? "an escape that names do not have" : "too long");
			return false;
		}
		if (out)
			out[n++] = (char)c;
	}
	if (out)
		out[n] = '\0';
	return take(j, '"', "the string does not end");
}

bool json_string(struct json *j, char *out, size_t size)
{
	return string(j, out, size);
}

static void add_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
		return;
	}
	if (c < 0x800)
		buf_char(out, (char)(0xc0 | c >> 6));
	else if (c < 0x10000)
		buf_char(out, (char)(0xe0 | c >> 12));
	else
		buf_char(out, (char)(0xf0 | c >> 18));
	if (c >= 0x10000)
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
	if (c >= 0x800)
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	buf_char(out, (char)(0x80 | (c & 0x3f)));
}

/* The four digits behind \u at p; -1. */
static int unit(struct json *j)
{
	int n = j->end - j->p < 5 || *j->p != 'u' ? -1 : hex4(j->p + 1);

	j->p += n < 0 ? 0 : 5;
	return n;
}

/* Behind a backslash: one character, or two halves of one. */
static bool escaped_text(struct json *j, struct buf *out)
{
	int c, low;

	if (j->p == j->end || *j->p != 'u') {
		c = escaped(j);
		if (c > 0)
			buf_char(out, (char)c);
		return c > 0;
	}
	c = unit(j);
	if (c >= 0xd800 && c < 0xdc00) {
		low = j->p < j->end && *j->p == '\\' && j->p++ ? unit(j) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	if (c <= 0 || (c >= 0xdc00 && c < 0xe000))
		return false;
	add_utf8(out, (unsigned)c);
	return true;
}

bool json_text(struct json *j, struct buf *out)
{
	if (!take(j, '"', "a string was expected"))
		return false;
	while (j->p < j->end && *j->p != '"') {
		char c = *j->p++;

		if ((unsigned char)c < 0x20)
			json_wrong(j, "a control character in a string");
		else if (c != '\\')
			buf_char(out, c);
		else if (!escaped_text(j, out))
			json_wrong(j, "an escape that is none");
		if (j->fault)
			return false;
	}
	return take(j, '"', "the string does not end");
}

bool json_integer(struct json *j, int64_t *n)
{
	bool minus = json_peek(j) == '-';
	int64_t value = 0;
	unsigned digits = 0;

	j->p += minus;
	for (; j->p < j->end && *j->p >= '0' && *j->p <= '9' && digits < 18; j->p++, digits++)
		value = value * 10 + (*j->p - '0');
	if (digits == 0 || (j->p < j->end && strchr("0123456789.eE", *j->p) && *j->p)) {
		json_wrong(j, "a whole number was expected");
		return false;
	}
	*n = minus ? -value : value;
	return true;
}

static bool skip_word(struct json *j)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(j->end - j->p) >= n && memcmp(j->p, words[i], n) == 0) {
			j->p += n;
			return true;
		}
	}
	if (j->p == j->end || !strchr("-0123456789", *j->p)) {
		json_wrong(j, "a value was expected");
		return false;
	}
	while (j->p < j->end && *j->p && strchr("+-0123456789.eE", *j->p))
		j->p++;
	return true;
}

bool json_skip(struct json *j)
{
	char c = json_peek(j);

	if (c == '"')
		return string(j, NULL, 0);
	if (c != '{' && c != '[')
		return !j->fault && skip_word(j);
	if (!json_open(j, c))
		return false;
	while (more(j, c == '{' ? '}' : ']')) {
		if (c == '{' && (!string(j, NULL, 0) || !take(j, ':', "a colon was expected")))
			break;
		if (!json_skip(j)) /* as deep as JSON_DEPTH at most */
			break;
	}
	return !j->fault;
}

bool json_end(struct json *j)
{
	if (json_peek(j) != '\0' || j->p != j->end)
		json_wrong(j, "something stands behind the end");
	return !j->fault;
}
