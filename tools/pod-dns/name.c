/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/name.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* One character of text, which may be written \X or \DDD: its value, or -1. */
static int text_byte(const char **p, const char *end)
{
	const char *s = *p;
	int value;

	if (*s != '\\') {
		*p = s + 1;
		return (uint8_t)*s;
	}
	if (s + 1 == end)
		return -1;
	if (!isdigit((unsigned char)s[1])) {
		*p = s + 2;
		return (uint8_t)s[1];
	}
	if (end - s < 4 || !isdigit((unsigned char)s[2]) || !isdigit((unsigned char)s[3]))
		return -1;
	value = (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
	*p = s + 4;
	return value > 255 ? -1 : value;
}

int name_from_text(struct name *n, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	size_t label = 0,
	       at = 1; /* where the label's length byte stands; where the next byte goes */

	if (len == 1 && *text == '.')
		end = p;
	else if (len == 0)
		return -EINVAL;
	while (p < end) {
		bool is_dot = *p == '.';
		int c = text_byte(&p, end);

		if (c < 0 || at >= NAME_WIRE_MAX)
			return -EINVAL;
		if (!is_dot) {
			n->wire[at++] = (uint8_t)c;
			continue;
		}
		if (at == label + 1 || at - label - 1 > 63)
			return -EINVAL;
		n->wire[label] = (uint8_t)(at - label - 1);
		label = at++;
	}
	if (at - label - 1 > 63)
		return -EINVAL;
	n->wire[label] = (uint8_t)(at - label - 1);
	if (at > label + 1) { /* without a last dot: the root follows */
		if (at >= NAME_WIRE_MAX)
			return -EINVAL;
		n->wire[at++] = 0;
	}
	n->len = (uint8_t)at;
	return 0;
}

/* Whatever could end a label, a line or a shell word early is written by its number. */
static char *put_byte(char *out, uint8_t c)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_*/+=:@%,~";

	if (c && strchr(plain, c)) {
		*out++ = (char)c;
		return out;
	}
	*out++ = '\\';
	*out++ = (char)('0' + c / 100);
	*out++ = (char)('0' + c / 10 % 10);
	*out++ = (char)('0' + c % 10);
	return out;
}

const char *name_text(const struct name *n, char out[NAME_TEXT_MAX])
{
	const uint8_t *p = n->wire, *end = n->wire + n->len;
	char *to = out;

	if (n->len <= 1)
		*to++ = '.';
	while (p < end && *p) {
		const uint8_t *stop = p + 1 + *p;

		if (to > out)
			*to++ = '.';
		for (p++; p < stop && p < end; p++)
			to = put_byte(to, *p);
	}
	*to = '\0';
	return out;
}

static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
	/* Length bytes are below 64 and so left alone by lower(). */
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool name_equal(const struct name *a, const struct name *b)
{
	return a->len == b->len && same(a->wire, b->wire, a->len);
}

bool name_below(const struct name *n, const struct name *top)
{
	size_t at = 0;

	while (at + top->len < n->len)
		at += 1u + n->wire[at];
	return at + top->len == n->len && same(n->wire + at, top->wire, top->len);
}

void name_lower(struct name *n)
{
	for (size_t i = 0; i < n->len; i++)
		n->wire[i] = lower(n->wire[i]);
}

unsigned name_labels(const struct name *n)
{
	unsigned labels = 0;

	for (size_t at = 0; at < n->len && n->wire[at]; at += 1u + n->wire[at])
		labels++;
	return labels;
}

int name_read(struct name *n, const uint8_t *msg, size_t len, size_t *at)
{
	size_t p = *at, limit = *at, out = 0;
	bool jumped = false;

	while (p < len) {
		unsigned c = msg[p];

		if ((c & 0xc0) == 0xc0) {
			size_t to;

			if (p + 1 >= len)
				return -EINVAL;
			to = (c & 0x3fu) << 8 | msg[p + 1];
			if (to >= limit)
				return -EINVAL;
			if (!jumped)
				*at = p + 2;
			jumped = true;
			p = limit = to;
			continue;
		}
		if (c > 63 || p + 1 + c > len || out + 1 + c > NAME_WIRE_MAX)
			return -EINVAL;
		memcpy(n->wire + out, msg + p, 1 + c);
		out += 1 + c;
		p += 1 + c;
		if (c == 0) {
			if (!jumped)
				*at = p;
			n->len = (uint8_t)out;
			return 0;
		}
	}
	return -EINVAL;
}
