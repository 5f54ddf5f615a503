/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/escape.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define RUN_MAX     8 /* backslashes: JSON in JSON in JSON */
#define PERCENT_MAX 3 /* times that a percent sign was escaped itself */
#define AMP_MAX     2 /* the same of an ampersand */
#define DIGITS_MAX  7 /* of a character by number: the highest has seven */

/* How far one step went in the text and in the pattern; text ESCAPE_CUT: not to be said yet. */
struct step {
	int text, pattern;
};

static const struct step no = {ESCAPE_NO, 0}, cut = {ESCAPE_CUT, 0};

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* So many hex digits; -1. */
static int number(const uint8_t *text, int digits)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return -1;
		n = n * 16 + d;
	}
	return n;
}

static size_t utf8(unsigned c, uint8_t out[4])
{
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(n == 1 ? c : lead[n] | c);
	return n;
}

/* %XX, and %25XX, and %2525XX. */
static struct step percent(uint8_t want, const uint8_t *text, size_t avail)
{
	for (size_t k = 0, at = 1; k < PERCENT_MAX; k++, at += 2) {
		int n;

		if (avail < at + 2)
			return cut;
		n = number(text + at, 2);
		if (n == want)
			return (struct step){(int)at + 2, 1};
		if (n != '%')
			return no;
	}
	return no;
}

static size_t run_of(const uint8_t *text, size_t avail)
{
	size_t run = 0;

	while (run < avail && run < RUN_MAX && text[run] == '\\')
		run++;
	return run;
}

/* What a letter behind a backslash stands for; others stand for themselves. */
static uint8_t letter(uint8_t c)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = memchr(from, c, sizeof(from) - 1);

	return at ? (uint8_t)to[at - from] : c;
}

/* The character by number at text ("u002f", "x2f"), from its letter on: how long it is, or a cut.
 */
static int by_number(const uint8_t *text, size_t avail, int *c)
{
	int digits = text[0] == 'u' ? 4 : 2;

	if (text[0] != 'u' && text[0] != 'x')
		return ESCAPE_NO;
	if (avail < (size_t)digits + 1)
		return ESCAPE_CUT;
	*c = number(text + 1, digits);
	return *c < 0 ? ESCAPE_NO : digits + 1;
}

/* len: the bytes of text that say it */
static struct step character(const uint8_t *pattern, size_t n, size_t len, unsigned c)
{
	uint8_t bytes[4];
	size_t many = utf8(c, bytes);

	if (many > n || memcmp(bytes, pattern, many) != 0)
		return no;
	return (struct step){(int)len, (int)many};
}

/* Backslashes of the value stand as a run of any length; so they do in the pattern. */
static struct step backslashes(const uint8_t *pattern, size_t n, size_t run)
{
	return (struct step){(int)run, (int)run_of(pattern, n)};
}

static struct step backslash(const uint8_t *pattern, size_t n, const uint8_t *text, size_t avail)
{
	size_t run = run_of(text, avail);
	struct step s;
	int len, c = 0;

	if (run == avail)
		return cut;
	len = by_number(text + run, avail - run, &c);
	if (len == ESCAPE_CUT)
		return cut;
	s = len ? character(pattern, n, run + (size_t)len, (unsigned)c) : no;
	if (s.text)
		return s;
	if (pattern[0] == '\\')
		return backslashes(pattern, n, run);
	if (letter(text[run]) != pattern[0] || (isalnum(pattern[0]) && pattern[0] < 0x80))
		return no;
	return (struct step){(int)run + 1, 1};
}

/* "#47;" or "#x2f;": how long it is, or a cut. */
static int entity_number(const uint8_t *text, size_t avail, unsigned *c)
{
	bool hex = avail > 1 && (text[1] | 0x20) == 'x';
	size_t at = hex ? 2 : 1, first = at;

	*c = 0;
	for (; at < avail && text[at] != ';'; at++) {
		int d = digit(text[at]);

		if (d < 0 || d >= (hex ? 16 : 10) || at - first >= DIGITS_MAX)
			return ESCAPE_NO;
		*c = *c * (hex ? 16 : 10) + (unsigned)d;
	}
	if (at == avail)
		return ESCAPE_CUT;
	return at > first && *c <= 0x10ffff ? (int)at + 1 : ESCAPE_NO;
}

/* What stands behind an ampersand. */
static int entity(const uint8_t *text, size_t avail, unsigned *c)
{
	static const struct {
		const char *name;
		unsigned c;
	} names[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};

	if (avail > 0 && text[0] == '#')
		return entity_number(text, avail, c);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n;

		if (avail > 0 && text[0] != (uint8_t)names[i].name[0])
			continue;
		n = strlen(names[i].name);
		if (memcmp(text, names[i].name, avail < n ? avail : n) != 0)
			continue;
		*c = names[i].c;
		return avail < n ? ESCAPE_CUT : (int)n;
	}
	return ESCAPE_NO;
}

/* &lt;, and &amp;lt;. */
static struct step ampersand(const uint8_t *pattern, size_t n, const uint8_t *text, size_t avail)
{
	for (size_t k = 0, at = 1; k < AMP_MAX; k++) {
		unsigned c;
		int len = entity(text + at, avail - at, &c);
		struct step s;

		if (len <= 0)
			return len < 0 ? cut : no;
		at += (size_t)len;
		s = character(pattern, n, at, c);
		if (s.text || c != '&')
			return s;
	}
	return no;
}

static struct step step(const uint8_t *pattern, size_t n, const uint8_t *text, size_t avail)
{
	struct step s = no;

	if (text[0] == '%')
		s = percent(pattern[0], text, avail);
	else if (text[0] == '\\')
		s = backslash(pattern, n, text, avail);
	else if (text[0] == '&')
		s = ampersand(pattern, n, text, avail);
	if (s.text)
		return s;
	if (text[0] == pattern[0] || (text[0] == '+' && pattern[0] == ' '))
		return (struct step){1, 1};
	return no;
}

/* A carriage return, a newline, or both. */
long escape_line(const uint8_t *text, size_t avail)
{
	static const uint8_t ends[] = "\r\n";
	size_t at = 0;

	for (size_t i = 0; i < 2; i++) {
		struct step s = at < avail ? step(ends + i, 1, text + at, avail - at) : cut;

		if (s.text < 0)
			return ESCAPE_CUT;
		at += (size_t)s.text;
	}
	return at <= ESCAPE_LINE ? (long)at : ESCAPE_NO;
}

long escape_match(const struct escape *p, size_t from, const uint8_t *text, size_t avail)
{
	size_t at = 0;

	for (size_t i = from; i < p->len;) {
		long line =
			p->lines && i > 0 && at < avail ? escape_line(text + at, avail - at) : 0;
		struct step s;

		if (line < 0)
			return ESCAPE_CUT;
		at += (size_t)line;
		if (at == avail)
			return ESCAPE_CUT;
		s = step(p->text + i, p->len - i, text + at, avail - at);
		if (s.text <= 0)
			return s.text;
		i += (size_t)s.pattern;
		at += (size_t)s.text;
	}
	return (long)at;
}

static size_t percent_meanings(const uint8_t *text, size_t avail, uint8_t *out)
{
	size_t many = 0;

	for (size_t at = 1; many < PERCENT_MAX && at + 2 <= avail; at += 2) {
		int n = number(text + at, 2);

		if (n < 0)
			break;
		out[many++] = (uint8_t)n;
		if (n != '%')
			break;
	}
	return many;
}

static size_t ampersand_meanings(const uint8_t *text, size_t avail, uint8_t *out)
{
	size_t many = 0;

	for (size_t at = 1; many < AMP_MAX;) {
		uint8_t bytes[4];
		unsigned c;
		int len = entity(text + at, avail - at, &c);

		if (len <= 0)
			break;
		utf8(c, bytes);
		out[many++] = bytes[0];
		if (c != '&')
			break;
		at += (size_t)len;
	}
	return many;
}

size_t escape_meanings(const uint8_t *text, size_t avail, uint8_t out[ESCAPE_MEANINGS])
{
	size_t run = run_of(text, avail), many = 0;
	uint8_t bytes[4];
	int c = 0;

	if (text[0] == '%')
		return percent_meanings(text, avail, out);
	if (text[0] == '&')
		return ampersand_meanings(text, avail, out);
	out[many++] = '\\';
	if (run == avail)
		return many;
	if (by_number(text + run, avail - run, &c) > 0) {
		utf8((unsigned)c, bytes);
		out[many++] = bytes[0];
	}
	out[many++] = letter(text[run]);
	return many;
}
