/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each encoding of each dummy is cut into pieces of 16 characters: whatever run of 31 characters a
 * name has of it holds a whole piece.  So a name is looked at once, whatever there is to find: at
 * each place two characters say whether a piece may begin there, and a binary search whether one
 * does.
 */
#include "libcommon/canary.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/words.h"

#define PIECE     16
#define PIECE_MIN 8 /* of a dummy that is shorter: all of it */

struct piece {
	char text[PIECE];
	unsigned char len;
	unsigned short key;
};

struct canaries {
	struct strv keys;
	struct piece *v;
	size_t n;
	bool freeze;
	unsigned char begins[65536 / 8]; /* two characters */
};

void canaries_free(struct canaries *c)
{
	if (!c)
		return;
	strv_finish(&c->keys);
	free(c->v);
	free(c);
}

bool canaries_freeze(const struct canaries *c)
{
	return c && c->freeze;
}

static unsigned pair_of(const char *s)
{
	return (unsigned)(unsigned char)s[0] << 8 | (unsigned char)s[1];
}

/* The final part of an encoding depends on what follows: pieces are whole but for a short one. */
static void add_pieces(struct canaries *c, const char *text, size_t len)
{
	for (size_t at = 0; at < len; at += PIECE) {
		size_t n = len - at < PIECE ? len - at : PIECE;
		struct piece *p;

		if (n < PIECE && (at > 0 || n < PIECE_MIN))
			return;
		c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
		p = &c->v[c->n++];
		*p = (struct piece){.len = (unsigned char)n,
				    .key = (unsigned short)(c->keys.n - 1)};
		for (size_t i = 0; i < n; i++)
			p->text[i] = (char)tolower((unsigned char)text[at + i]);
		c->begins[pair_of(p->text) / 8] |= (unsigned char)(1u << (pair_of(p->text) % 8));
	}
}

/* Bits of data, `width` at a time, as characters: base32 by 5, base64url by 6, hexadecimal by 4. */
static void add_coded(struct canaries *c, const char *alphabet, unsigned width, const char *data,
		      size_t len)
{
	OWN_BUF struct buf b = BUF_INIT;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | (unsigned char)data[i];
		for (have += 8; have >= width; have -= width)
			buf_char(&b, alphabet[bits >> (have - width) & ((1u << width) - 1)]);
	}
	add_pieces(c, b.len ? b.data : "", b.len);
}

/* Labels of names are looked at without the dots between them. */
static void add_undotted(struct canaries *c, const char *value)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (; *value; value++)
		if (*value != '.')
			buf_char(&b, *value);
	add_pieces(c, b.len ? b.data : "", b.len);
}

static void add_dummy(struct canaries *c, const char *key, const char *value)
{
	static const char
		hex[] = "0123456789abcdef",
		b32[] = "abcdefghijklmnopqrstuvwxyz234567",
		url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
		b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(value);

	strv_add(&c->keys, key);
	add_pieces(c, value, len);
	if (strchr(value, '.'))
		add_undotted(c, value);
	add_coded(c, hex, 4, value, len);
	/* As it comes out wherever in the coded text it begins. */
	for (size_t skip = 0; skip < 5 && skip < len; skip++)
		add_coded(c, b32, 5, value + skip, len - skip);
	for (size_t skip = 0; skip < 3 && skip < len; skip++) {
		add_coded(c, url, 6, value + skip, len - skip);
		add_coded(c, b64, 6, value + skip, len - skip);
	}
}

static int by_text(const void *a, const void *b)
{
	return memcmp(((const struct piece *)a)->text, ((const struct piece *)b)->text, PIECE);
}

static bool take_dummies(struct canaries *c, const struct plan *pl)
{
	const char *line;

	for (size_t i = 0; (line = plan_next(pl, "dummy", &i));) {
		OWN_STRV struct strv w = {0};

		if (words_split(&w, line) < 0 || w.n != 2)
			return false;
		if (c->keys.n < CANARY_DUMMIES && strlen(w.v[1]) >= PIECE_MIN)
			add_dummy(c, w.v[0], w.v[1]);
	}
	return true;
}

struct canaries *canaries_parse(const char *data, size_t len, struct err *e)
{
	OWN_PLAN struct plan pl = {0};
	struct canaries *c;

	if (plan_parse(&pl, data, len, e) < 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->freeze = plan_is(&pl, "canary", "freeze");
	if (!take_dummies(c, &pl)) {
		err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "a line \"dummy\" is not understood");
		canaries_free(c);
		return NULL;
	}
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_text);
	return c;
}

struct canaries *canaries_load(int policy_fd, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(policy_fd, CANARY_FILE, &b, PLAN_MAX);

	if (r == -ENOENT)
		return xcalloc(1, sizeof(struct canaries));
	if (r < 0) {
		err_set(e, -r, "read policy/" CANARY_FILE);
		return NULL;
	}
	return canaries_parse(b.len ? b.data : "", b.len, e);
}

/* Text as it came, pieces in lower case.  Where it ends before a piece does, it is none. */
static int compare(const char *text, size_t len, const struct piece *p)
{
	for (size_t i = 0; i < p->len; i++) {
		int d = i < len ? tolower((unsigned char)text[i]) - (unsigned char)p->text[i] : -1;

		if (d)
			return d;
	}
	return 0;
}

static const struct piece *piece_at(const struct canaries *c, const char *text, size_t len)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = compare(text, len, &c->v[mid]);

		if (d == 0)
			return &c->v[mid];
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static unsigned low_pair_of(const char *s)
{
	return (unsigned)tolower((unsigned char)s[0]) << 8 | (unsigned)tolower((unsigned char)s[1]);
}

const char *canaries_find(const struct canaries *c, const char *text, size_t len)
{
	for (size_t at = 0; c && c->n && at + PIECE_MIN <= len; at++) {
		unsigned pair = low_pair_of(text + at);
		const struct piece *p = c->begins[pair / 8] & 1u << (pair % 8)
						? piece_at(c, text + at, len - at)
						: NULL;

		if (p)
			return c->keys.v[p->key];
	}
	return NULL;
}
