/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/canon.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/path.h"

struct reader {
	const char *p, *end;
	const char *fault;
	unsigned depth;
};

static bool value(struct reader *r, struct buf *out);

static bool wrong(struct reader *r, const char *fault)
{
	if (!r->fault)
		r->fault = fault;
	return false;
}

static char peek(struct reader *r)
{
	while (r->p < r->end && *r->p && strchr(" \t\r\n", *r->p))
		r->p++;
	return r->p < r->end ? *r->p : '\0';
}

static bool take(struct reader *r, char c, const char *fault)
{
	if (peek(r) != c)
		return wrong(r, fault);
	r->p++;
	return true;
}

/* Four hexadecimal digits at p; -1 where they are not. */
static int hex4(const struct reader *r, const char *p)
{
	static const char digits[] = "0123456789abcdef";
	int n = 0;

	if (r->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *at = p[i] ? strchr(digits, p[i] | 0x20) : NULL;

		if (!at || (p[i] < '0') || (p[i] > '9' && p[i] < 'A'))
			return -1;
		n = n * 16 + (int)(at - digits);
	}
	return n;
}

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_char(b, (char)c);
	} else if (c < 0x800) {
		buf_char(b, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_char(b, (char)(0xe0 | c >> 12));
		buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_char(b, (char)(0xf0 | c >> 18));
		buf_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	if (c >= 0x80)
		buf_char(b, (char)(0x80 | (c & 0x3f)));
}

/* Behind "\u". */
static bool unicode(struct reader *r, struct buf *b)
{
	int high = hex4(r, r->p), low;

	if (high <= 0)
		return wrong(r, "\\u wants four digits, and not 0000");
	r->p += 4;
	if (high < 0xd800 || high > 0xdfff) {
		add_utf8(b, (uint32_t)high);
		return true;
	}
	low = r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u' ? hex4(r, r->p + 2) : -1;
	if (high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return wrong(r, "half of a surrogate pair");
	r->p += 6;
	add_utf8(b, 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00));
	return true;
}

static bool escape(struct reader *r, struct buf *b)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = r->p < r->end && *r->p ? strchr(from, *r->p) : NULL;

	if (r->p < r->end && *r->p == 'u') {
		r->p++;
		return unicode(r, b);
	}
	if (!at)
		return wrong(r, "an unknown escape");
	r->p++;
	buf_char(b, to[at - from]);
	return true;
}

/* A string, decoded. */
static bool string(struct reader *r, struct buf *b)
{
	buf_clear(b);
	buf_str(b, "");
	if (!take(r, '"', "a string was expected"))
		return false;
	while (r->p < r->end && *r->p != '"') {
		unsigned char c = (unsigned char)*r->p++;

		if (c < 0x20)
			return wrong(r, "a control character in a string");
		if (c != '\\')
			buf_char(b, (char)c);
		else if (!escape(r, b))
			return false;
	}
	if (!take(r, '"', "the string does not end"))
		return false;
	return utf8_ok(b->data) || wrong(r, "this is no UTF-8");
}

static bool string_value(struct reader *r, struct buf *out)
{
	OWN_BUF struct buf text = BUF_INIT, quoted = BUF_INIT;

	if (!string(r, &text))
		return false;
	jw_string(&quoted, text.data); /* which would put commas where out has them */
	buf_add(out, quoted.data, quoted.len);
	return true;
}

static size_t digits(struct reader *r)
{
	const char *from = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return (size_t)(r->p - from);
}

static bool is_at(const struct reader *r, const char *any)
{
	return r->p < r->end && *r->p && strchr(any, *r->p);
}

static bool number(struct reader *r, struct buf *out)
{
	const char *from = r->p;
	bool ok;

	r->p += is_at(r, "-");
	if (is_at(r, "0"))
		ok = r->p++ != NULL;
	else
		ok = digits(r) > 0;
	if (ok && is_at(r, ".")) {
		r->p++;
		ok = digits(r) > 0;
	}
	if (ok && is_at(r, "eE")) {
		r->p++;
		r->p += is_at(r, "+-");
		ok = digits(r) > 0;
	}
	if (!ok || r->p - from > 64)
		return wrong(r, "a value was expected");
	buf_add(out, from, (size_t)(r->p - from));
	return true;
}

static bool word(struct reader *r, struct buf *out)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(r->end - r->p) < n || memcmp(r->p, words[i], n) != 0)
			continue;
		r->p += n;
		buf_str(out, words[i]);
		return true;
	}
	return number(r, out);
}

static bool list(struct reader *r, struct buf *out)
{
	r->p++;
	buf_char(out, '[');
	for (bool first = true; peek(r) != ']'; first = false) {
		if (!first && !take(r, ',', "a comma or the end was expected"))
			return false;
		if (!first)
			buf_char(out, ',');
		if (!value(r, out))
			return false;
	}
	r->p++;
	buf_char(out, ']');
	return true;
}

struct member {
	char *key, *value;
};

struct members {
	struct member *v;
	size_t n;
};

static void members_finish(struct members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].key);
		free(m->v[i].value);
	}
	free(m->v);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static bool read_members(struct reader *r, struct members *m)
{
	OWN_BUF struct buf key = BUF_INIT, text = BUF_INIT;

	for (bool first = true; peek(r) != '}'; first = false) {
		if (!first && !take(r, ',', "a comma or the end was expected"))
			return false;
		buf_clear(&text);
		if (!string(r, &key) || !take(r, ':', "a colon was expected") || !value(r, &text))
			return false;
		if ((m->n & (m->n - 1)) == 0)
			m->v = xrealloc(m->v, (m->n ? m->n * 2 : 1) * sizeof(*m->v));
		m->v[m->n++] = (struct member){xstrdup(key.data), xstrdup(text.data)};
	}
	r->p++;
	return true;
}

static bool object(struct reader *r, struct buf *out)
{
	__attribute__((cleanup(members_finish))) struct members m = {0};

	r->p++;
	if (!read_members(r, &m))
		return false;
	if (m.n)
		qsort(m.v, m.n, sizeof(*m.v), by_key);
	buf_char(out, '{');
	for (size_t i = 0; i < m.n; i++) {
		if (i && strcmp(m.v[i].key, m.v[i - 1].key) == 0)
			return wrong(r, "a key stands twice in this object");
		jw_key(out, m.v[i].key);
		buf_str(out, m.v[i].value);
	}
	buf_char(out, '}');
	return true;
}

static bool value(struct reader *r, struct buf *out)
{
	char c = peek(r);
	bool ok;

	if (c == '"')
		return string_value(r, out);
	if (c != '{' && c != '[')
		return word(r, out);
	if (r->depth == CANON_DEPTH)
		return wrong(r, "nested too deeply");
	r->depth++;
	ok = c == '{' ? object(r, out) : list(r, out);
	r->depth--;
	return ok;
}

int canon_value(struct buf *out, const char *data, size_t len, const char **fault, size_t *at)
{
	struct reader r = {.p = data, .end = data + len};

	if (value(&r, out) && peek(&r) == '\0' && r.p == r.end)
		return 0;
	wrong(&r, "something stands behind the end");
	*fault = r.fault;
	*at = (size_t)(r.p - data);
	return -EINVAL;
}
