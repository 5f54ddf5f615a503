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
static void keep(struct patterns *p, int id, size_t len, bool escapes)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].id == id && p->v[i].len == len &&
		    memcmp(p->text + p->v[i].at, p->text + p->len, len) == 0)
			return;
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	p->v[p->n++] = (struct pattern){.at = p->len, .len = len, .id = id, .escapes = escapes};
	if (!p->shortest || len < p->shortest)
		p->shortest = len;
	if (len > p->longest)
		p->longest = len;
	p->len += len;
}

static void keep_raw(struct patterns *p, int id, const uint8_t *value, size_t len)
{
	memcpy(p->text + p->len, value, len);
	keep(p, id, len, true);
	/* A blank of a form. */
	for (size_t i = 0; i < len; i++)
		p->text[p->len + i] = value[i] == ' ' ? '+' : value[i];
	keep(p, id, len, true);
}

static void keep_hex(struct patterns *p, int id, const uint8_t *value, size_t len,
		     const char *digits)
{
	for (size_t i = 0; i < len; i++) {
		p->text[p->len + 2 * i] = (uint8_t)digits[value[i] >> 4];
		p->text[p->len + 2 * i + 1] = (uint8_t)digits[value[i] & 15];
	}
	keep(p, id, 2 * len, false);
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
		keep(p, id, end - first, true);
	}
}

int patterns_add(struct patterns *p, int id, const void *value, size_t len)
{
	if (len < SCRUB_MIN || len > SCRUB_MAX)
		return -EINVAL;
	if (reserve(p, 16 * len) < 0) /* 2 raw, 4 hex, 8 base64 and what rounding adds */
		return -ENOMEM;
	keep_raw(p, id, value, len);
	keep_hex(p, id, value, len, "0123456789abcdef");
	keep_hex(p, id, value, len, "0123456789ABCDEF");
	keep_base64(p, id, value, len, "+/");
	keep_base64(p, id, value, len, "-_");
	return 0;
}

static void mark_start(struct patterns_index *x, unsigned pair)
{
	x->starts[pair / 8] |= (uint8_t)(1u << pair % 8);
}

static void mark_starts(struct patterns_index *x, const uint8_t *text, bool escapes)
{
	mark_start(x, patterns_pair(text));
	if (!escapes)
		return;
	mark_start(x, (unsigned)text[0] << 8 | '%');
	mark_start(x, (unsigned)text[0] << 8 | '\\');
	memset(x->starts + '%' * 32, 0xff, 32);
	memset(x->starts + '\\' * 32, 0xff, 32);
}

static void index_pattern(struct patterns *p, uint32_t i)
{
	struct patterns_index *x = p->index;
	const uint8_t *text = p->text + p->v[i].at;
	unsigned bucket = patterns_bucket(text);

	for (size_t j = 1; j < p->shortest; j++) {
		size_t shift = p->shortest - 1 - j;

		if (shift < x->shift[patterns_pair(text + j - 1)])
			x->shift[patterns_pair(text + j - 1)] = (uint8_t)shift;
	}
	p->v[i].next = x->bucket[bucket];
	x->bucket[bucket] = i;
	mark_starts(x, text, p->v[i].escapes);
	for (size_t j = 0; j < p->v[i].len && p->v[i].escapes; j++)
		x->inside[text[j]] = true;
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
	return 2 * ESCAPE_MAX * p->longest;
}
