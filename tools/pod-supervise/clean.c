/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small part of the state machine of ECMA-48 terminals, enough to know where each sequence ends:
 * dropping a sequence's first bytes only would print the rest of it.
 */
#include "tools/pod-supervise/clean.h"

enum { TEXT, ESCAPE, INTERMEDIATE, CSI, STRING, STRING_ESCAPE, C1_LEAD };

static void begin(struct clean *c, int state)
{
	c->state = state;
	c->seq_len = 0;
}

static void after_escape(struct clean *c, unsigned char b)
{
	if (b == '[')
		begin(c, CSI);
	else if (b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_')
		begin(c, STRING); /* OSC, DCS, SOS, PM, APC: up to BEL or ST */
	else if (b >= 0x20 && b <= 0x2f)
		begin(c, INTERMEDIATE);
	else if (b != 0x1b)
		begin(c, TEXT);
}

static void in_csi(struct clean *c, unsigned char b, struct buf *out)
{
	bool parameter = (b >= '0' && b <= '9') || b == ';' || b == ':';

	if (b == 0x1b) {
		begin(c, ESCAPE);
	} else if (b >= 0x40 && b <= 0x7e) {
		if (b == 'm' && c->seq_len < sizeof(c->seq)) {
			buf_str(out, "\x1b[");
			buf_add(out, c->seq, c->seq_len);
			buf_char(out, 'm');
		}
		begin(c, TEXT);
	} else if (parameter && c->seq_len < sizeof(c->seq)) {
		c->seq[c->seq_len++] = (char)b;
	} else {
		c->seq_len = sizeof(c->seq); /* private or too long: not let through */
	}
}

static void in_string(struct clean *c, unsigned char b)
{
	if (b == 0x07 || b == 0x18 || b == 0x1a)
		begin(c, TEXT);
	else if (c->state == STRING_ESCAPE)
		after_escape(c, b); /* ST is ESC \; any other sequence ends the string, too */
	else if (b == 0x1b)
		c->state = STRING_ESCAPE;
}

static void in_text(struct clean *c, unsigned char b, struct buf *out)
{
	if (b == 0x1b)
		begin(c, ESCAPE);
	else if (b == 0xc2)
		begin(c, C1_LEAD);
	else if (b == '\n' || b == '\t' || (b >= 0x20 && b != 0x7f))
		buf_char(out, (char)b);
}

/* U+0080…U+009F, written C2 80…C2 9F, steer a terminal as ESC sequences do. */
static void after_c2(struct clean *c, unsigned char b, struct buf *out)
{
	begin(c, TEXT);
	if (b < 0x80 || b > 0xbf) {
		in_text(c, b, out); /* the C2 was no lead: it goes, and this byte is its own */
	} else if (b >= 0xa0) {
		buf_char(out, (char)0xc2);
		buf_char(out, (char)b);
	} else if (b == 0x9b) {
		begin(c, CSI);
	} else if (b == 0x90 || b == 0x98 || b >= 0x9d) {
		begin(c, STRING);
	}
}

static void terminal_byte(struct clean *c, unsigned char b, struct buf *out)
{
	if (c->state == TEXT)
		in_text(c, b, out);
	else if (c->state == ESCAPE)
		after_escape(c, b);
	else if (c->state == CSI)
		in_csi(c, b, out);
	else if (c->state == C1_LEAD)
		after_c2(c, b, out);
	else if (c->state != INTERMEDIATE)
		in_string(c, b);
	else if (b < 0x20 || b > 0x2f)
		begin(c, TEXT);
}

/* CR LF is one newline; a CR alone begins the line anew, which on paper is a new line. */
static void flush_cr(struct clean *c, struct buf *out)
{
	if (c->cr)
		buf_char(out, c->mode == CLEAN_TERMINAL ? '\n' : '\r');
	c->cr = false;
}

void clean_text(struct clean *c, const char *in, size_t n, struct buf *out)
{
	if (c->mode == CLEAN_NONE) {
		buf_add(out, in, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned char b = (unsigned char)in[i];

		if (b == '\n')
			c->cr = false;
		else if (b != '\r')
			flush_cr(c, out);
		if (b == '\r')
			c->cr = true;
		else if (c->mode == CLEAN_TERMINAL)
			terminal_byte(c, b, out);
		else
			buf_char(out, (char)b);
	}
}
