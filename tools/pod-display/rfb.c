/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/rfb.h"

#include <errno.h>
#include <string.h>

#define EXTENDED_CLIPBOARD 0xc0a1e5ceu

void put16(uint8_t *to, unsigned n)
{
	to[0] = (uint8_t)(n >> 8);
	to[1] = (uint8_t)n;
}

void put32(uint8_t *to, uint32_t n)
{
	put16(to, n >> 16);
	put16(to + 2, n & 0xffff);
}

static unsigned get16(const uint8_t *from)
{
	return (unsigned)from[0] << 8 | from[1];
}

uint32_t get32(const uint8_t *from)
{
	return (uint32_t)get16(from) << 16 | get16(from + 2);
}

/* 3.3 and 3.7 have other handshakes, which no viewer of today needs; what is called 3.889 is an
 * Apple's 3.8. */
bool rfb_version_ok(const uint8_t text[RFB_VERSION_SIZE])
{
	return memcmp(text, RFB_VERSION, RFB_VERSION_SIZE) == 0 ||
	       memcmp(text, "RFB 003.889\n", RFB_VERSION_SIZE) == 0;
}

/* One of max colours, which begin at bit shift, in pixels of that many bits. */
static bool is_channel(unsigned max, unsigned shift, unsigned bits)
{
	return max > 0 && (max & (max + 1)) == 0 && shift < bits &&
	       (uint64_t)max << shift < UINT64_C(1) << bits;
}

static long check_format(struct rfb_message *m)
{
	const uint8_t *f = m->data + 4;
	unsigned bits = f[0];

	if (bits != 8 && bits != 16 && bits != 32)
		return -EPROTO;
	if (f[1] == 0 || f[1] > bits || !f[3]) /* palettes are no more */
		return -EPROTO;
	for (int i = 0; i < 3; i++)
		if (!is_channel(get16(f + 4 + 2 * i), f[10 + i], bits))
			return -EPROTO;
	return (long)m->len;
}

static long take_key(struct rfb_message *m)
{
	m->down = m->data[1] != 0;
	m->keysym = get32(m->data + 4);
	return (long)m->len;
}

static long take_pointer(struct rfb_message *m)
{
	m->buttons = m->data[1];
	m->x = (int)get16(m->data + 2);
	m->y = (int)get16(m->data + 4);
	return (long)m->len;
}

static long take_size(struct rfb_message *m)
{
	m->width = (int)get16(m->data + 2);
	m->height = (int)get16(m->data + 4);
	return (long)m->len;
}

static long take_cut(struct rfb_message *m)
{
	m->is_extended = get32(m->data + 4) >> 31;
	m->text = m->data + 8;
	m->n = m->len - 8;
	return m->is_extended && m->n < 4 ? -EPROTO : (long)m->len;
}

static long take_nothing(struct rfb_message *m)
{
	return (long)m->len;
}

static size_t encodings_size(const uint8_t *p)
{
	return (size_t)get16(p + 2) * 4;
}

static size_t screens_size(const uint8_t *p)
{
	return (size_t)p[6] * 16;
}

/* A negative length is one of the extended clipboard. */
static size_t cut_size(const uint8_t *p)
{
	uint32_t n = get32(p + 4);

	return n >> 31 ? 0u - n : n;
}

static const struct form {
	enum rfb_type type;
	size_t head;                         /* bytes that are always there */
	size_t (*more)(const uint8_t *head); /* and how many follow; NULL: none */
	size_t max;                          /* of those */
	long (*take)(struct rfb_message *m);
} forms[] = {
	{RFB_PIXEL_FORMAT, 20, NULL, 0, check_format},
	{RFB_SET_ENCODINGS, 4, encodings_size, 4 * 1024, take_nothing},
	{RFB_REQUEST, 10, NULL, 0, take_nothing},
	{RFB_KEY, 8, NULL, 0, take_key},
	{RFB_POINTER, 6, NULL, 0, take_pointer},
	{RFB_CUT, 8, cut_size, RFB_CUT_MAX + 64, take_cut},
	{RFB_SET_SIZE, 8, screens_size, 16 * 255, take_size},
};

long rfb_next(struct rfb_message *m, const uint8_t *data, size_t len)
{
	const struct form *f = forms;

	if (len == 0)
		return 0;
	while (f->type != data[0])
		if (++f == forms + sizeof(forms) / sizeof(forms[0]))
			return -EPROTO;
	if (len < f->head)
		return 0;
	*m = (struct rfb_message){.type = f->type, .data = data, .len = f->head};
	if (f->more && f->more(data) > f->max)
		return -EPROTO;
	m->len += f->more ? f->more(data) : 0;
	return len < m->len ? 0 : f->take(m);
}

static bool is_ours(uint32_t encoding)
{
	static const struct {
		int32_t from, to;
	} ours[] = {
		{0, 1},       /* raw, copies */
		{5, 5},       /* hextile */
		{7, 7},       /* Tight */
		{16, 16},     /* ZRLE */
		{-32, -23},   /* quality of JPEG */
		{-239, -239}, /* cursor */
		{-232, -232}, /* position of the pointer */
		{-224, -223}, /* last rectangle, size */
		{-256, -247}, /* compression */
		{-308, -308}, /* size, extended */
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if ((int32_t)encoding >= ours[i].from && (int32_t)encoding <= ours[i].to)
			return true;
	return false;
}

size_t rfb_encodings(const struct rfb_message *m, uint8_t out[RFB_ENCODINGS_SIZE],
		     bool *has_clipboard)
{
	unsigned kept = 0;

	*has_clipboard = false;
	for (size_t at = 4; at + 4 <= m->len; at += 4) {
		uint32_t encoding = get32(m->data + at);

		*has_clipboard |= encoding == EXTENDED_CLIPBOARD;
		if (is_ours(encoding) && kept < RFB_ENCODINGS)
			put32(out + 4 + 4 * kept++, encoding);
	}
	out[0] = RFB_SET_ENCODINGS;
	out[1] = 0;
	put16(out + 2, kept);
	return 4 + 4 * (size_t)kept;
}
