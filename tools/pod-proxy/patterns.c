/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/patterns.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/escape.h"

/* sodium_malloc() goes on where mlock() was refused; we do not. */
static void *locked(size_t size)
{
	void *p = sodium_malloc(size);

	if (p && mlock(p, size) < 0) {
		sodium_free(p);
		return NULL;
	}
	return p;
}

struct patterns *patterns_new(void)
{
	struct patterns *p;

	if (sodium_init() < 0)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->index = locked(sizeof(*p->index));
	if (!p->index) {
		patterns_free(p);
		return NULL;
	}
	sodium_memzero(p->index, sizeof(*p->index));
	return p;
}

void patterns_free(struct patterns *p)
{
	if (!p)
		return;
	sodium_free(p->text);
	sodium_free(p->index);
	free(p->v);
	free(p);
}

static int reserve(struct patterns *p, size_t more)
{
	size_t cap = p->cap ? p->cap : 4096;
	uint8_t *text;

	while (cap < p->len + more)
		cap *= 2;
	if (cap == p->cap)
		return 0;
	text = locked(cap);
	if (!text)
		return -ENOMEM;
	if (p->text)
		memcpy(text, p->text, p->len);
	sodium_free(p->text);
	p->text = text;
	p->cap = cap;
	return 0;
}

/* What stands in text behind p->len becomes a pattern, if this id does not have it yet. */
static void keep(struct patterns *p, int id, size_t len, int kind)
{
	size_t reach = len * (kind == PATTERN_ESCAPED ? ESCAPE_MAX
			      : kind == PATTERN_LINES ? ESCAPE_MAX + ESCAPE_LINE
						      : 1);

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].id == id && p->v[i].len == len &&
		    memcmp(p->text + p->v[i].at, p->text + p->len, len) == 0)
			return;
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	p->v[p->n++] = (struct pattern){.at = p->len, .len = len, .id = id, .kind = kind};
	if (!p->shortest || len < p->shortest)
		p->shortest = len;
	if (reach > p->reach)
		p->reach = reach;
	p->len += len;
}

static void keep_raw(struct patterns *p, int id, const uint8_t *value, size_t len)
{
	memcpy(p->text + p->len, value, len);
	keep(p, id, len, PATTERN_ESCAPED);
	/* A blank of a form. */
	for (size_t i = 0; i < len; i++)
		p->text[p->len + i] = value[i] == ' ' ? '+' : value[i];
	keep(p, id, len, PATTERN_ESCAPED);
}

static void keep_hex(struct patterns *p, int id, const uint8_t *value, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		p->text[p->len + 2 * i] = (uint8_t)digits[value[i] >> 4];
		p->text[p->len + 2 * i + 1] = (uint8_t)digits[value[i] & 15];
	}
	keep(p, id, 2 * len, PATTERN_NOCASE);
}

/* One character of UTF-8, or one byte of what is none: how long it is. */
static size_t character(const uint8_t *at, size_t len, uint32_t *c)
{
	size_t n = at[0] < 0xc2 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 1;

	*c = at[0];
	if (n == 1 || n > len)
		return 1;
	*c &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if (at[i] >> 6 != 2) {
			*c = at[0];
			return 1;
		}
		*c = *c << 6 | (at[i] & 0x3f);
	}
	return n;
}

static size_t put_unit(uint8_t *to, unsigned unit, bool little)
{
	to[little ? 0 : 1] = (uint8_t)unit;
	to[little ? 1 : 0] = (uint8_t)(unit >> 8);
	return 2;
}

/* No character of UTF-8 is longer in UTF-16 than twice its bytes. */
static void keep_utf16(struct patterns *p, int id, const uint8_t *value, size_t len, bool little)
{
	uint8_t *to = p->text + p->len;
	size_t n = 0;
	uint32_t c;

	for (size_t i = 0; i < len;) {
		i += character(value + i, len - i, &c);
		if (c >= 0x10000) {
			n += put_unit(to + n, 0xd800 + ((c - 0x10000) >> 10 & 0x3ff), little);
			c = 0xdc00 + (c & 0x3ff);
		}
		n += put_unit(to + n, c, little);
	}
	keep(p, id, n, PATTERN_PLAIN);
}

/* Six bits of value, where `before` bytes of something else stand in front of it. */
static unsigned sextet(const uint8_t *value, size_t before, size_t i)
{
	size_t bit = 6 * i - 8 * before;
	unsigned two = (unsigned)value[bit / 8] << 8;

	if (bit % 8 > 2)
		two |= value[bit / 8 + 1];
	return two >> (10 - bit % 8) & 63;
}

/* Those characters of base64 that depend on the value alone, whatever stands around it. */
static void keep_base64(struct patterns *p, int id, const uint8_t *value, size_t len,
			const char *last_two)
{
	static const char most[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t before = 0; before < 3; before++) {
		size_t first = (8 * before + 5) / 6, end = (8 * (before + len)) / 6;

		for (size_t i = first; i < end; i++) {
			unsigned six = sextet(value, before, i);

			p->text[p->len + i - first] =
				(uint8_t)(six < 62 ? most[six] : last_two[six - 62]);
		}
		keep(p, id, end - first, PATTERN_LINES);
	}
}

int patterns_add(struct patterns *p, int id, const void *value, size_t len)
{
	if (len < SCRUB_MIN || len > SCRUB_MAX)
		return -EINVAL;
	if (reserve(p, 18 * len) < 0) /* 2 raw, 2 hex, 4 UTF-16, 8 base64 and what rounding adds */
		return -ENOMEM;
	keep_raw(p, id, value, len);
	keep_hex(p, id, value, len);
	keep_utf16(p, id, value, len, true);
	keep_utf16(p, id, value, len, false);
	keep_base64(p, id, value, len, "+/");
	keep_base64(p, id, value, len, "-_");
	return 0;
}

static void mark(uint8_t *map, unsigned n)
{
	map[n / 8] |= (uint8_t)(1u << n % 8);
}

/* The ways that two bytes of a pattern may stand: of digits in hex, in either case. */
static size_t variants(const struct pattern *v, const uint8_t *text, unsigned out[4])
{
	uint8_t a[2], b[2];
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		bool up = v->kind == PATTERN_NOCASE && i;

		a[i] = up && text[0] >= 'a' ? text[0] & 0xdf : text[0];
		b[i] = up && text[1] >= 'a' ? text[1] & 0xdf : text[1];
	}
	for (size_t i = 0; i < 4; i++)
		if ((i % 2 == 0 || a[1] != a[0]) && (i / 2 == 0 || b[1] != b[0]))
			out[n++] = (unsigned)a[i % 2] << 8 | b[i / 2];
	return n;
}

static void mark_starts(struct patterns_index *x, const struct pattern *v, const uint8_t *text)
{
	static const char leads[] = "%\\&", ends[] = "\r\n";
	unsigned pairs[4];

	for (size_t i = variants(v, text, pairs); i-- > 0;)
		mark(x->starts, pairs[i]);
	for (size_t i = 0; pattern_escapes(v) && leads[i]; i++) {
		mark(x->starts, (unsigned)text[0] << 8 | (uint8_t)leads[i]);
		memset(x->starts + leads[i] * 32, 0xff, 32);
	}
	for (size_t i = 0; v->kind == PATTERN_LINES && ends[i]; i++)
		mark(x->starts, (unsigned)text[0] << 8 | (uint8_t)ends[i]);
}

static void mark_shifts(struct patterns_index *x, const struct pattern *v, const uint8_t *text,
			size_t window)
{
	for (size_t j = 1; j < window; j++) {
		size_t shift = window - 1 - j;
		unsigned pairs[4];

		for (size_t i = variants(v, text + j - 1, pairs); i-- > 0;)
			if (shift < x->shift[pairs[i]])
				x->shift[pairs[i]] = (uint8_t)shift;
	}
}

static void mark_lines(struct patterns_index *x, const struct pattern *v, const uint8_t *text)
{
	for (unsigned before = 1; before < 4; before++)
		mark(x->grams, patterns_gram(text, before));
	for (size_t j = 4; j < v->len; j++)
		mark(x->grams, patterns_gram(text + j - 4, 4));
}

static void index_pattern(struct patterns *p, uint32_t i)
{
	struct patterns_index *x = p->index;
	struct pattern *v = &p->v[i];
	const uint8_t *text = p->text + v->at;
	unsigned bucket = patterns_bucket(text);

	mark_shifts(x, v, text, p->shortest);
	mark_starts(x, v, text);
	v->next = x->bucket[bucket];
	x->bucket[bucket] = i;
	x->first[text[0]] |= pattern_escapes(v);
	for (size_t j = 0; j < v->len && pattern_escapes(v); j++)
		x->inside[text[j]] = true;
	if (v->kind == PATTERN_LINES)
		mark_lines(x, v, text);
}

void patterns_compile(struct patterns *p)
{
	size_t far = p->shortest > 256 ? 255 : p->shortest - 1;

	if (!p->n)
		return;
	sodium_memzero(p->index, sizeof(*p->index));
	memset(p->index->shift, (int)far, sizeof(p->index->shift));
	for (size_t i = 0; i < PATTERNS_BUCKETS; i++)
		p->index->bucket[i] = PATTERNS_NONE;
	for (uint32_t i = 0; i < p->n; i++)
		index_pattern(p, i);
}

size_t patterns_loose(const struct patterns *p)
{
	return p->shortest / 8;
}

size_t patterns_reach(const struct patterns *p)
{
	return 2 * p->reach;
}
