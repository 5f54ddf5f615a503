/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/escape.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define RUN_MAX     8 /* backslashes: JSON in JSON in JSON */
#define PERCENT_MAX 3 /* times that a percent sign was escaped itself */

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

static size_t utf8(unsigned c, uint8_t out[3])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (uint8_t)(0xe0 | c >> 12);
	out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c & 0x3f));
	return 3;
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

static struct step character(const uint8_t *pattern, size_t n, size_t run, int len, int c)
{
	uint8_t bytes[3];
	size_t many = utf8((unsigned)c, bytes);

	if (many > n || memcmp(bytes, pattern, many) != 0)
		return no;
	return (struct step){(int)run + len, (int)many};
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
	s = len ? character(pattern, n, run, len, c) : no;
	if (s.text)
		return s;
	if (pattern[0] == '\\')
		return backslashes(pattern, n, run);
	if (letter(text[run]) != pattern[0] || (isalnum(pattern[0]) && pattern[0] < 0x80))
		return no;
	return (struct step){(int)run + 1, 1};
}

static struct step step(const uint8_t *pattern, size_t n, const uint8_t *text, size_t avail)
{
	struct step s = no;

	if (text[0] == '%')
		s = percent(pattern[0], text, avail);
	else if (text[0] == '\\')
		s = backslash(pattern, n, text, avail);
	if (s.text)
		return s;
	if (text[0] == pattern[0] || (text[0] == '+' && pattern[0] == ' '))
		return (struct step){1, 1};
	return no;
}

long escape_match(const uint8_t *pattern, size_t n, const uint8_t *text, size_t avail)
{
	size_t at = 0;

	for (size_t i = 0; i < n;) {
		struct step s;

		if (at == avail)
			return ESCAPE_CUT;
		s = step(pattern + i, n - i, text + at, avail - at);
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

size_t escape_meanings(const uint8_t *text, size_t avail, uint8_t out[ESCAPE_MEANINGS])
{
	size_t run = run_of(text, avail), many = 0;
	uint8_t bytes[3];
	int c = 0;

	if (text[0] == '%')
		return percent_meanings(text, avail, out);
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
