/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not NFKC, which composes: each character is taken apart for good (compatibility decomposition),
 * loses its marks and its capital, and is replaced by the Latin letter it looks like.
 */
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "libcommon/buf.h"
#include "tools/pod-screen/fold.h"

void piece_finish(struct piece *p)
{
	free(p->text);
	free(p->from);
	*p = (struct piece){0};
}

void piece_clear(struct piece *p)
{
	p->len = 0;
}

void piece_room(struct piece *p, size_t more)
{
	if (p->len + more <= p->cap)
		return;
	p->cap = (p->len + more) * 2 + 4096;
	p->text = xrealloc(p->text, p->cap);
	p->from = xrealloc(p->from, p->cap * sizeof(*p->from));
}

void piece_add(struct piece *p, const char *bytes, size_t len, uint32_t from)
{
	for (size_t i = 0; i < len; i++)
		piece_put(p, bytes[i], from);
}

size_t piece_from(const struct piece *p, size_t i)
{
	if (i < p->len)
		return p->from[i];
	return p->len ? (size_t)p->from[p->len - 1] + 1 : 0;
}

/* --- single characters --- */

struct span {
	uint32_t from, to;
	uint32_t first; /* what the first one becomes, the others follow; 0: nothing */
};

/* What Unicode gives no decomposition, and what is there to be unseen. */
static const struct span spans[] = {
	{0x1f130, 0x1f149, 'a'},                        /* squared */
	{0x1f150, 0x1f169, 'a'},                        /* circled, white on black */
	{0x1f170, 0x1f189, 'a'},                        /* squared, white on black */
	{0x1f1e6, 0x1f1ff, 'a'},                        /* halves of flags */
	{0xe0020, 0xe007e, ' '},                        /* tags: ASCII that is not drawn at all */
	{0x2800, 0x2800, ' '},                          /* an empty braille cell */
	{0x2018, 0x201b, 0},                            /* apostrophes, below */
	{0x3001, 0x3001, ','},                          /* ideographic comma and full stop */
	{0x3002, 0x3002, '.'},   {0x0964, 0x0964, '.'}, /* danda */
};

static bool is_unseen(uint32_t c)
{
	return uc_is_property_default_ignorable_code_point(c) || (c >= 0xfff9 && c <= 0xfffb) ||
	       c == 0xfffd;
}

/* A code point that is not ASCII and cannot be taken apart further; 0: nothing is left of it. */
static uint32_t fold_point(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (c >= spans[i].from && c <= spans[i].to)
			return spans[i].first ? spans[i].first + (c - spans[i].from) : '\'';
	if (uc_is_general_category(c, UC_CATEGORY_Mn) ||
	    uc_is_general_category(c, UC_CATEGORY_Me) || is_unseen(c))
		return 0;
	if (uc_is_general_category(c, UC_CATEGORY_Z))
		return ' ';
	if (uc_is_general_category(c, UC_CATEGORY_Pd) || c == 0x2212)
		return '-';
	if (uc_is_general_category(c, UC_CATEGORY_Pi) || uc_is_general_category(c, UC_CATEGORY_Pf))
		return '"';
	return lookalike(uc_tolower(c));
}

static size_t put(char *out, size_t n, uint32_t c)
{
	int len = n < FOLD_CHAR_MAX - 4 && c
			  ? u8_uctomb((uint8_t *)out + n, c, (ptrdiff_t)(FOLD_CHAR_MAX - n))
			  : 0;

	return n + (size_t)(len > 0 ? len : 0);
}

/* Take c apart as far as it goes (a decomposition may have one again) and add what is left. */
static size_t apart(char *out, size_t n, uint32_t c, unsigned depth)
{
	uint32_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	int tag, count = c < 0x80 || depth > 4 ? -1 : uc_decomposition(c, &tag, parts);

	if (count <= 0) {
		c = fold_point(c);
		return put(out, n, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	for (int i = 0; i < count; i++)
		n = apart(out, n, parts[i], depth + 1);
	return n;
}

size_t fold_char(const char *bytes, size_t len, char out[FOLD_CHAR_MAX])
{
	ucs4_t c;
	int n = u8_mbtoucr(&c, (const uint8_t *)bytes, len);

	if (n <= 0) {
		out[0] = '?';
		return 1;
	}
	return apart(out, 0, c, 0);
}

/* --- texts --- */

struct folder {
	struct piece *out;
	bool in_tags;
	bool blank, newline; /* white space since the last character */
	uint32_t blank_at;
};

static void add(struct folder *f, char c, uint32_t from)
{
	if (is_blank((unsigned char)c)) {
		if (!f->blank)
			f->blank_at = from;
		f->blank = true;
		f->newline |= c == '\n';
		return;
	}
	if (f->blank)
		piece_put(f->out, f->newline ? '\n' : ' ', f->blank_at);
	f->blank = f->newline = false;
	piece_put(f->out, c, from);
}

static bool is_tag(uint32_t c)
{
	return c >= 0xe0020 && c <= 0xe007e;
}

/* One character that is not ASCII, or a byte that is none; how many bytes it has. */
static size_t add_wide(struct folder *f, const char *text, size_t left, uint32_t from)
{
	char folded[FOLD_CHAR_MAX];
	ucs4_t c;
	const int got = u8_mbtoucr(&c, (const uint8_t *)text, left);
	const size_t len = got > 0 ? (size_t)got : 1, n = fold_char(text, len, folded);

	/* What is hidden behind a word is none of it. */
	if (f->in_tags != is_tag(got > 0 ? c : 0)) {
		f->in_tags = !f->in_tags;
		add(f, ' ', from);
	}
	for (size_t i = 0; i < n; i++)
		add(f, folded[i], from);
	return len;
}

void fold(struct piece *out, const char *text, size_t len, const uint32_t *from)
{
	struct folder f = {.out = out};

	piece_clear(out);
	piece_room(out, len);
	for (size_t i = 0; i < len;) {
		const unsigned char c = (unsigned char)text[i];
		const uint32_t at = from ? from[i] : (uint32_t)i;

		if (c >= 0x80) {
			i += add_wide(&f, text + i, len - i, at);
			continue;
		}
		i++;
		if (c >= 0x20 || is_blank(c) ||
		    (c == PIECE_APART && from)) /* ours, in what was decoded */
			add(&f, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c), at);
	}
}
