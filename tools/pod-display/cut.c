/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Viewers' clipboards, where they are switched on.  Those who know the extended form (UTF-8, on
 * request) have that; others Latin-1.  Packed texts are unpacked to a bound.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/pod-display/viewer.h"

enum {
	TEXT = 1 << 0,
	CAPS = 1 << 24,
	REQUEST = 1 << 25,
	PEEK = 1 << 26,
	NOTIFY = 1 << 27,
	PROVIDE = 1 << 28,
};

#define SERVER_CUT 3
#define BUSY       (2u << 20) /* a viewer with so much before it has no clipboards added */

static bool takes_part(const struct viewer *v)
{
	return v->desk->has_clipboard && !v->is_view && v->state == VIEWER_NORMAL;
}

static void send_extended(struct viewer *v, uint32_t flags, const void *data, size_t len)
{
	uint8_t head[12] = {SERVER_CUT};

	put32(head + 4, 0u - (uint32_t)(len + 4));
	put32(head + 8, flags);
	if (viewer_send(v, head, sizeof(head)) == 0 && len > 0)
		viewer_send(v, data, len);
}

static void send_caps(struct viewer *v)
{
	uint8_t most[4];

	put32(most, 0); /* of what comes unasked: nothing need */
	send_extended(v, CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | TEXT, most, sizeof(most));
}

void cut_welcome(struct viewer *v)
{
	bool is_new = !v->has_extended;

	v->has_extended = true;
	if (is_new && takes_part(v))
		send_caps(v);
}

/* Lines end with CR LF there. */
static void add_lines(struct buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			buf_char(b, '\r');
		buf_char(b, text[i]);
	}
}

static void send_packed(struct viewer *v)
{
	const struct buf *clip = &v->desk->clip;
	OWN_BUF struct buf b = BUF_INIT;
	uint8_t size[4] = {0}, *packed;
	uLongf n;

	buf_add(&b, size, sizeof(size));
	add_lines(&b, clip->data, clip->len);
	buf_char(&b, '\0');
	put32((uint8_t *)b.data, (uint32_t)(b.len - 4));
	n = compressBound(b.len);
	packed = xcalloc(1, n);
	if (compress2(packed, &n, (const Bytef *)b.data, b.len, 1) == Z_OK)
		send_extended(v, PROVIDE | TEXT, packed, n);
	free(packed);
}

static void send_latin(struct viewer *v)
{
	const struct buf *clip = &v->desk->clip;
	OWN_BUF struct buf b = BUF_INIT;
	uint8_t head[8] = {SERVER_CUT};
	uint32_t code;

	for (size_t at = 0, n; at < clip->len; at += n) {
		n = utf8_next(clip->data + at, clip->len - at, &code);
		if (n == 0)
			return;
		buf_char(&b, code <= 0xff ? (char)code : '?');
	}
	put32(head + 4, (uint32_t)b.len);
	if (viewer_send(v, head, sizeof(head)) == 0)
		viewer_send(v, b.data, b.len);
}

static void offer_to(struct viewer *v)
{
	if (!takes_part(v) || v->out.len - v->sent > BUSY)
		return;
	if (v->has_extended)
		send_extended(v, NOTIFY | TEXT, NULL, 0);
	else
		send_latin(v);
}

void cut_offer(struct desk *d, const struct viewer *from, const char *text, size_t len)
{
	if (d->clip.len == len && len > 0 && memcmp(d->clip.data, text, len) == 0)
		return;
	buf_clear(&d->clip);
	buf_add(&d->clip, text, len);
	for (struct viewer *v = d->viewers; v; v = v->next)
		if (v != from)
			offer_to(v);
}

static void on_clipboard(void *arg, const char *text, size_t len)
{
	cut_offer(arg, NULL, text, len);
}

void cut_switch(struct desk *d, bool on)
{
	if (on == d->has_clipboard)
		return;
	d->has_clipboard = on;
	d->screen.arg = d;
	d->screen.on_clipboard = on ? on_clipboard : NULL;
	buf_finish(&d->clip);
	for (struct viewer *v = d->viewers; v; v = v->next)
		if (on && v->has_extended && takes_part(v))
			send_caps(v);
}

/* From a viewer: text has its line ends and its NUL of the other side. */
static void take(struct viewer *v, const char *text, size_t len)
{
	struct screen *s = &v->desk->screen;
	OWN_BUF struct buf b = BUF_INIT;

	while (len > 0 && text[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			buf_char(&b, text[i]);
	if (b.len > 0 && s->ops->set_clipboard(s, b.data, b.len) == 0)
		cut_offer(v->desk, v, b.data, b.len);
}

static void take_latin(struct viewer *v, const struct rfb_message *m)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < m->n; i++) {
		if (m->text[i] >= 0x80)
			buf_char(&b, (char)(0xc0 | m->text[i] >> 6));
		buf_char(&b, (char)(m->text[i] < 0x80 ? m->text[i] : 0x80 | (m->text[i] & 0x3f)));
	}
	take(v, b.data, b.len);
}

/* Of what is packed the first format, which is text, and no more of it than a clipboard may have.
 */
size_t cut_unpack(const uint8_t *data, size_t len, char *out, size_t max)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	uint8_t size[4];
	size_t n = 0;
	int r;

	if (inflateInit(&z) != Z_OK)
		return 0;
	z.next_out = size;
	z.avail_out = sizeof(size);
	r = inflate(&z, Z_SYNC_FLUSH);
	if ((r == Z_OK || r == Z_STREAM_END) && z.avail_out == 0 && get32(size) <= max) {
		z.next_out = (Bytef *)out;
		z.avail_out = get32(size);
		r = inflate(&z, Z_SYNC_FLUSH);
		if ((r == Z_OK || r == Z_STREAM_END) && z.avail_out == 0)
			n = get32(size);
	}
	inflateEnd(&z);
	return n;
}

static void take_packed(struct viewer *v, const struct rfb_message *m)
{
	char *text = xcalloc(1, CLIPBOARD_MAX);
	size_t n = cut_unpack(m->text + 4, m->n - 4, text, CLIPBOARD_MAX);

	if (n > 0)
		take(v, text, n);
	free(text);
}

static void take_extended(struct viewer *v, const struct rfb_message *m)
{
	uint32_t flags = get32(m->text);

	if (flags & CAPS || v->out.len - v->sent > BUSY)
		return; /* what it can: to ask, and be asked */
	if (flags & REQUEST && v->desk->clip.len > 0)
		send_packed(v);
	else if (flags & PEEK)
		send_extended(v, NOTIFY | (v->desk->clip.len > 0 ? TEXT : 0), NULL, 0);
	else if (flags & NOTIFY && flags & TEXT && input_allowed(v))
		send_extended(v, REQUEST | TEXT, NULL, 0);
	else if (flags & PROVIDE && flags & TEXT && input_allowed(v))
		take_packed(v, m);
}

void cut_message(struct viewer *v, const struct rfb_message *m)
{
	if (!takes_part(v))
		return;
	if (m->is_extended)
		take_extended(v, m);
	else if (input_allowed(v))
		take_latin(v, m);
}
