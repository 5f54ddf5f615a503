/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "tools/pod-screen/decode.h"

#define BASE64_MIN  16u
#define HEX_MIN     24u
#define ESCAPES_MIN 3u
#define NEAR        48u /* text around escapes that belongs to what they say */

/* Nine of ten bytes are what texts are made of, and none is what no text has. */
static bool is_text(const char *s, size_t len)
{
	size_t good = 0;

	for (size_t i = 0; i < len;) {
		const unsigned char c = (unsigned char)s[i];
		ucs4_t point;
		int n = c < 0x80 ? 1 : u8_mbtoucr(&point, (const uint8_t *)s + i, len - i);

		/* A NUL is no text, and hides none. */
		if (n < 1)
			n = 1;
		else if (c >= 0x80 || isprint(c) || is_blank(c))
			good += (size_t)n;
		i += (size_t)n;
	}
	return len >= 8 && good * 10 >= len * 9;
}

static void take_back(struct piece *out, size_t len)
{
	out->len = len;
}

/* What was appended since start is kept if it is text. */
static void settle(struct piece *out, size_t start, uint32_t from)
{
	/* What is decoded has no separators of its own. */
	for (size_t i = start; i < out->len; i++)
		if (out->text[i] == PIECE_APART)
			out->text[i] = '\x02';
	if (is_text(out->text + start, out->len - start))
		piece_put(out, PIECE_APART, from);
	else
		take_back(out, start);
}

/* --- base64 --- */

static int digit64(unsigned char c)
{
	if (isupper(c))
		return c - 'A';
	if (islower(c))
		return c - 'a' + 26;
	if (isdigit(c))
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Digits of text[0..len), of which the first `skip` belong to something before. */
static void decode64(struct piece *out, const char *text, size_t len, uint32_t at, unsigned skip)
{
	const size_t start = out->len;
	unsigned value = 0, bits = 0;
	size_t last = 0; /* the digit before: a byte begins there */

	for (size_t i = 0; i < len; i++) {
		const int digit = digit64((unsigned char)text[i]);

		if (digit < 0)
			continue; /* the end of a line */
		if (skip) {
			skip--;
			continue;
		}
		value = value << 6 | (unsigned)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			piece_put(out, (char)(value >> bits & 0xff), at + (uint32_t)last);
		}
		last = i;
		value &= 0xffff;
	}
	settle(out, start, at);
}

static size_t run64(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		const size_t line_end = i + (text[i] == '\r' && i + 1 < len);

		if (digit64((unsigned char)text[i]) >= 0)
			i++;
		else if (i && text[line_end] == '\n' && line_end + 1 < len &&
			 digit64((unsigned char)text[line_end + 1]) >= 0)
			i = line_end + 1;
		else
			break;
	}
	return i;
}

/* --- hexadecimal digits --- */

static int digit16(unsigned char c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Pairs of digits, with one separator between all of them or none. */
static size_t run16(const char *text, size_t len)
{
	const char separator = len > 2 && strchr(" :-,", text[2]) ? text[2] : 0;
	size_t i = 0;

	while (len - i >= 2 && digit16((unsigned char)text[i]) >= 0 &&
	       digit16((unsigned char)text[i + 1]) >= 0) {
		i += 2;
		if (separator && i < len && text[i] == separator)
			i++;
		else if (separator)
			break;
	}
	return i;
}

static void decode16(struct piece *out, const char *text, size_t len, uint32_t at)
{
	const size_t start = out->len;

	for (size_t i = 0; i + 1 < len;) {
		const int high = digit16((unsigned char)text[i]),
			  low = digit16((unsigned char)text[i + 1]);

		if (high < 0 || low < 0) {
			i++;
			continue;
		}
		piece_put(out, (char)(high << 4 | low), at + (uint32_t)i);
		i += 2;
	}
	settle(out, start, at);
}

/* Something like a digit may stand before the first: "0x", a letter, a word. */
static void decode16_both(struct piece *out, const char *text, size_t len, uint32_t at)
{
	decode16(out, text, len, at);
	decode16(out, text + 1, len - 1, at + 1);
}

/* Those among digits of base64, which look like them. */
static void decode16_among(struct piece *out, const char *text, size_t len, uint32_t at)
{
	for (size_t i = 0, n; i < len; i += n + 1) {
		for (n = 0; i + n < len && digit16((unsigned char)text[i + n]) >= 0;)
			n++;
		if (n >= HEX_MIN)
			decode16_both(out, text + i, n, at + (uint32_t)i);
	}
}

/* --- escapes --- */

static uint32_t hex_value(const char *text, size_t digits)
{
	uint32_t n = 0;

	for (size_t i = 0; i < digits; i++) {
		const int d = digit16((unsigned char)text[i]);

		if (d < 0)
			return UINT32_MAX;
		n = n << 4 | (uint32_t)d;
	}
	return n;
}

/* An entity, "&#65;" or "&#x41;": its length, 0 where there is none. */
static size_t entity(const char *text, size_t len, uint32_t *c)
{
	const bool hex = len > 3 && (text[2] == 'x' || text[2] == 'X');
	size_t i = hex ? 3 : 2;
	const size_t first = i;

	*c = 0;
	for (; i < len && i < first + 7; i++) {
		const int d = digit16((unsigned char)text[i]);

		if (d < 0 || (!hex && d > 9))
			break;
		*c = *c * (hex ? 16 : 10) + (uint32_t)d;
	}
	return i > first && i < len && text[i] == ';' ? i + 1 : 0;
}

static size_t escape(const char *text, size_t len, uint32_t *c)
{
	size_t n = 0, skip = 2;

	if (len >= 4 && text[0] == '&' && text[1] == '#')
		return entity(text, len, c);
	if (len >= 3 && text[0] == '%')
		n = 2, skip = 1;
	else if (len >= 4 && text[0] == '\\' && text[1] == 'x')
		n = 2;
	else if (len >= 6 && text[0] == '\\' && text[1] == 'u')
		n = 4;
	*c = n ? hex_value(text + skip, n) : UINT32_MAX;
	return *c == UINT32_MAX ? 0 : n + skip;
}

static void put_point(struct piece *out, uint32_t c, uint32_t at, bool is_byte)
{
	uint8_t utf8[6];
	const int n = is_byte ? 0 : u8_uctomb(utf8, c, sizeof(utf8));

	if (is_byte)
		piece_put(out, (char)c, at);
	else if (n > 0)
		piece_add(out, (const char *)utf8, (size_t)n, at);
}

/* A stretch with escapes that are never far from each other, and what stands around them. */
static size_t decode_escapes(struct piece *out, const char *text, size_t len, size_t at)
{
	const size_t start = out->len;
	size_t i = at > NEAR ? at - NEAR : 0, last = at;
	unsigned n = 0;
	uint32_t c;

	while (i < len && i < last + NEAR) {
		const size_t size = escape(text + i, len - i, &c);

		if (!size) {
			piece_put(out, text[i], (uint32_t)i);
			i++;
			continue;
		}
		put_point(out, c, (uint32_t)i, text[i] == '%' || (text[i + 1] == 'x' && c > 0x7f));
		i += size;
		last = i;
		n++;
	}
	if (n < ESCAPES_MIN)
		take_back(out, start);
	else
		settle(out, start, (uint32_t)at);
	return last;
}

void decode(struct piece *out, const char *text, size_t len)
{
	size_t escapes_from = 0;
	uint32_t c;

	piece_clear(out);
	for (size_t i = 0; i < len;) {
		size_t n = 0;

		if ((text[i] == '%' || text[i] == '\\' || text[i] == '&') && i >= escapes_from &&
		    escape(text + i, len - i, &c)) {
			escapes_from = decode_escapes(out, text, len, i);
		} else if (digit64((unsigned char)text[i]) >= 0) {
			n = run16(text + i, len - i);
			if (n >= HEX_MIN) {
				decode16_both(out, text + i, n, (uint32_t)i);
			} else {
				n = run64(text + i, len - i);
				decode16_among(out, text + i, n, (uint32_t)i);
			}
			if (n >= BASE64_MIN)
				for (unsigned skip = 0; skip < 4; skip++)
					decode64(out, text + i, n, (uint32_t)i, skip);
		}
		i += n ? n : 1;
	}
}

/* --- digits for letters --- */

#define AROUND 160u

static bool is_stand_in(unsigned char c)
{
	return strchr("01345789@$", c) && c;
}

/* A word of letters with stand-ins among them, and no number with a unit. */
static bool is_leet(const char *word, size_t len)
{
	size_t letters = 0, others = 0;

	for (size_t i = 0; i < len; i++) {
		letters += !!islower((unsigned char)word[i]);
		others += is_stand_in((unsigned char)word[i]);
	}
	return len >= 3 && len <= 40 && letters && others && others <= letters * 3;
}

void leet(struct piece *out, const struct piece *folded)
{
	const char *text = folded->text;
	size_t done = 0; /* what is in out already, or left out for good */

	piece_clear(out);
	for (size_t i = 0, n; i < folded->len; i += n + 1) {
		size_t from, to;

		for (n = 0; i + n < folded->len && !is_blank((unsigned char)text[i + n]);)
			n++;
		if (!is_leet(text + i, n))
			continue;
		from = i > AROUND && i - AROUND > done ? i - AROUND : done;
		to = i + n + AROUND < folded->len ? i + n + AROUND : folded->len;
		if (from > done)
			piece_put(out, PIECE_APART, folded->from[from]);
		for (; from < to; from++)
			piece_put(out, text[from], folded->from[from]);
		done = to;
	}
}

/* --- letters apart --- */

#define APART_MIN 6u

static bool is_separator(unsigned char c)
{
	return is_blank(c) || (c && strchr(".-_*|/,:~+", c));
}

static bool is_single(const struct piece *p, size_t i)
{
	const unsigned char c = (unsigned char)p->text[i];

	return (isalpha(c) || is_stand_in(c)) &&
	       (i + 1 == p->len || is_separator((unsigned char)p->text[i + 1]));
}

void squeeze(struct piece *out, const struct piece *folded)
{
	piece_clear(out);
	for (size_t i = 0; i < folded->len;) {
		const size_t start = out->len;
		const bool fresh = i == 0 || is_separator((unsigned char)folded->text[i - 1]);
		size_t n = 0;

		for (; fresh && i + 2 * n < folded->len && is_single(folded, i + 2 * n); n++)
			piece_put(out, folded->text[i + 2 * n], folded->from[i + 2 * n]);
		if (n >= APART_MIN)
			piece_put(out, PIECE_APART, folded->from[i]);
		else
			take_back(out, start);
		i += n ? 2 * n : 1;
	}
}
