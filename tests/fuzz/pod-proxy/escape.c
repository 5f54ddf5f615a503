/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value in every form there is, one after the other in a text that is cut anywhere: what comes
 * out is read by naive decoders of our own, and none of them finds the value.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/scrub.h"

#define TEXT_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static unsigned take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static char value[64], text[TEXT_MAX];
static size_t value_len, len;

static void add(const char *what, size_t n)
{
	if (len + n < TEXT_MAX) {
		memcpy(text + len, what, n);
		len += n;
	}
}

/* --- the forms --- */

struct written {
	const char *before;
	int base, digits; /* base 0: the character itself */
	const char *after;
};

static void add_escaped(const struct written *w)
{
	char one[16] = "";

	for (size_t i = 0; i < value_len; i++) {
		if (w->base == 16)
			snprintf(one, sizeof(one), "%0*x", w->digits, (unsigned)value[i]);
		else if (w->base == 10)
			snprintf(one, sizeof(one), "%0*d", w->digits, value[i]);
		else
			one[0] = value[i];
		add(w->before, strlen(w->before));
		add(one, strlen(one));
		add(w->after, strlen(w->after));
	}
}

static void add_hex(struct input *in)
{
	char one[3];

	for (size_t i = 0; i < value_len; i++) {
		snprintf(one, 3, take(in) & 1 ? "%02x" : "%02X", (unsigned)value[i]);
		if (take(in) & 1)
			one[1] = (char)(one[1] >= 'A' ? one[1] ^ 0x20 : one[1]);
		add(one, 2);
	}
}

static void add_base64(struct input *in)
{
	static const char *const ends[] = {"\r\n", "\n", "\\r\\n", "\\n", "%0a", "&#10;"};
	char plain[80] = {0}, out[128];
	size_t before = take(in) % 4, n = before + value_len + take(in) % 4, at;
	unsigned width = take(in) % 90 + 4;
	const char *end = ends[take(in) % 6];

	memcpy(plain + before, value, value_len);
	sodium_bin2base64(out, sizeof(out), (unsigned char *)plain, n,
			  take(in) & 1 ? sodium_base64_VARIANT_ORIGINAL
				       : sodium_base64_VARIANT_URLSAFE);
	for (at = 0; out[at]; at++) {
		if (at && at % width == 0)
			add(end, strlen(end));
		add(out + at, 1);
	}
}

static void add_utf16(unsigned high)
{
	for (size_t i = 0; i < value_len; i++) {
		char unit[2] = {high ? 0 : value[i], high ? value[i] : 0};

		add(unit, 2);
	}
}

static void add_form(struct input *in)
{
	static const struct written ways[] = {
		{"", 0, 0, ""},      {"&#", 10, 0, ";"},   {"&#x", 16, 0, ";"},
		{"&#X", 16, 4, ";"}, {"%", 16, 2, ""},     {"%25", 16, 2, ""},
		{"\\u", 16, 4, ""},  {"\\\\u", 16, 4, ""}, {"&amp;#", 10, 0, ";"},
	};
	unsigned which = take(in) % 13;

	if (which < 9)
		add_escaped(&ways[which]);
	else if (which == 9)
		add_hex(in);
	else if (which == 10)
		add_base64(in);
	else
		add_utf16(which == 12);
}

/* --- and back --- */

static int digit(int c)
{
	const char *at = c ? strchr("0123456789abcdef0123456789ABCDEF", c) : NULL;

	return at ? (int)((at - "0123456789abcdef0123456789ABCDEF") % 16) : -1;
}

static void look_for(const char *what, size_t n, const char *how)
{
	if (memmem(what, n, value, value_len)) {
		fprintf(stderr, "found by %s\n", how);
		abort();
	}
}

static void read_hex(void)
{
	static char out[TEXT_MAX];

	for (size_t first = 0; first < 2; first++) {
		size_t n = 0;

		for (size_t i = first; i + 1 < len; i += 2) {
			int a = digit(text[i]), b = digit(text[i + 1]);

			out[n++] = (char)(a < 0 || b < 0 ? 0 : a * 16 + b);
		}
		look_for(out, n, "hex");
	}
}

static void read_wide(void)
{
	static char out[TEXT_MAX];

	for (size_t first = 0; first < 2; first++) {
		size_t n = 0;

		for (size_t i = first; i + 1 < len; i += 2)
			out[n++] = text[i + 1] ? 0 : text[i];
		look_for(out, n, "UTF-16");
	}
}

/* Lines joined; then every alignment of every run. */
static void read_base64(const char *alphabet)
{
	static char flat[TEXT_MAX], out[TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r' && text[i] != '\n')
			flat[n++] = text[i];
	for (size_t first = 0; first < 4; first++) {
		size_t made = 0;
		unsigned bits = 0, have = 0;

		for (size_t i = first; i < n; i++) {
			const char *at = flat[i] ? strchr(alphabet, flat[i]) : NULL;

			bits = bits << 6 | (unsigned)(at ? at - alphabet : 0);
			have += 6;
			if (have >= 8)
				out[made++] = (char)(bits >> (have -= 8));
		}
		look_for(out, made, "base64");
	}
}

static void read_back(void)
{
	look_for(text, len, "reading");
	read_hex();
	read_wide();
	read_base64("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	read_base64("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

static void on_hit(void *arg, int id)
{
	(void)id;
	++*(size_t *)arg;
}

static size_t scrub(struct input *in)
{
	struct patterns *p = patterns_new();
	size_t shown = 0, passed = 0, hits = 0;

	patterns_add(p, 0, value, value_len);
	patterns_compile(p);
	while (passed < len) {
		size_t n;

		shown += take(in) + 1;
		shown = shown < len && in->at < in->end ? shown : len;
		n = scrub_run(p, text + passed, shown - passed, shown == len, false, on_hit, &hits);
		if (n > shown - passed || shown - passed - n > patterns_reach(p))
			abort();
		passed += n;
	}
	patterns_free(p);
	return hits;
}

/* Letters and digits alone: naive decoders take other bytes for what they are not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	size_t forms = 0;

	len = 0;
	value_len = SCRUB_MIN + take(&in) % 32;
	for (size_t i = 0; i < value_len; i++)
		value[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
			[take(&in) % 64];
	for (unsigned n = take(&in) % 16; n > 0; n--) {
		unsigned byte = take(&in);

		if (byte & 1) {
			add_form(&in);
			forms++;
		} else {
			char c = (char)byte;

			add(&c, 1);
		}
	}
	if (scrub(&in) < (forms > 0))
		abort();
	read_back();
	return 0;
}
