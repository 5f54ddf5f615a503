/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/note.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

#define BASE64  sodium_base64_VARIANT_ORIGINAL
#define ED25519 1 /* the algorithm, in ids and keys */
#define DASH    "\xe2\x80\x94 "

static void key_id(const char *name, const unsigned char public[NOTE_PUBLIC], unsigned char id[4])
{
	static const unsigned char separator[] = {'\n', ED25519};
	crypto_hash_sha256_state st;
	unsigned char sum[32];

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const unsigned char *)name, strlen(name));
	crypto_hash_sha256_update(&st, separator, sizeof(separator));
	crypto_hash_sha256_update(&st, public, NOTE_PUBLIC);
	crypto_hash_sha256_final(&st, sum);
	memcpy(id, sum, 4);
}

static void put_base64(struct buf *b, const unsigned char *data, size_t len)
{
	char text[sodium_base64_ENCODED_LEN(NOTE_SIGNED, BASE64)];

	buf_str(b, sodium_bin2base64(text, sizeof(text), data, len, BASE64));
}

/* All of the text, and just as many bytes as are wanted. */
static int take_base64(unsigned char *out, size_t want, const char *text, size_t len)
{
	const char *end;
	size_t n;

	return sodium_base642bin(out, want, text, len, NULL, &n, &end, BASE64) == 0 && n == want &&
			       end == text + len
		       ? 0
		       : -EINVAL;
}

/* origin, size and root as they are signed. */
static int make_text(struct note *n)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_fmt(&b, "%s\n%" PRIu64 "\n", n->origin, n->size);
	put_base64(&b, n->root, TREE_HASH);
	buf_char(&b, '\n');
	if (b.len >= sizeof(n->text))
		return -EMSGSIZE;
	memcpy(n->text, b.data, b.len + 1);
	n->len = b.len;
	return 0;
}

int note_sign(struct note *n, const unsigned char seed[NOTE_SEED])
{
	unsigned char public[NOTE_PUBLIC], secret[crypto_sign_ed25519_SECRETKEYBYTES];
	int r = make_text(n);

	if (r < 0)
		return r;
	crypto_sign_ed25519_seed_keypair(public, secret, seed);
	key_id(n->origin, public, n->signature);
	crypto_sign_ed25519_detached(n->signature + 4, NULL, (const unsigned char *)n->text, n->len,
				     secret);
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

static bool is_named(const char *origin, const char *name)
{
	size_t len = strlen(name);

	return strncmp(origin, name, len) == 0 && (origin[len] == '\0' || origin[len] == '/');
}

bool note_is_signed(const struct note *n, const struct note_key *key)
{
	unsigned char id[4];

	key_id(n->origin, key->public, id);
	return is_named(n->origin, key->name) && memcmp(id, n->signature, 4) == 0 &&
	       crypto_sign_ed25519_verify_detached(n->signature + 4, (const unsigned char *)n->text,
						   n->len, key->public) == 0;
}

void note_write(const struct note *n, struct buf *b)
{
	buf_add(b, n->text, n->len);
	buf_fmt(b, "\n" DASH "%s ", n->origin);
	put_base64(b, n->signature, NOTE_SIGNED);
	buf_char(b, '\n');
}

void note_write_line(const struct note *n, struct buf *b)
{
	buf_fmt(b, NOTE_LINE "%s %" PRIu64 " ", n->origin, n->size);
	put_base64(b, n->root, TREE_HASH);
	buf_char(b, ' ');
	put_base64(b, n->signature, NOTE_SIGNED);
}

/* --- reading --- */

struct piece {
	const char *p;
	size_t len;
};

/* The next line, without its newline; false where there is no whole one. */
static bool next_line(const char **text, const char *end, struct piece *line)
{
	const char *nl = memchr(*text, '\n', (size_t)(end - *text));

	if (!nl)
		return false;
	*line = (struct piece){*text, (size_t)(nl - *text)};
	*text = nl + 1;
	return true;
}

/* No blanks, no '+', nothing that is not to be seen. */
static int take_origin(struct note *n, struct piece w)
{
	if (w.len == 0 || w.len >= sizeof(n->origin))
		return -EINVAL;
	for (size_t i = 0; i < w.len; i++)
		if ((unsigned char)w.p[i] <= ' ' || w.p[i] == '+' || w.p[i] == 0x7f)
			return -EINVAL;
	memcpy(n->origin, w.p, w.len);
	n->origin[w.len] = '\0';
	return 0;
}

static int take_size(struct note *n, struct piece w)
{
	n->size = 0;
	if (w.len == 0 || w.len > 18 || (w.p[0] == '0' && w.len > 1))
		return -EINVAL;
	for (size_t i = 0; i < w.len; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return -EINVAL;
		n->size = n->size * 10 + (uint64_t)(w.p[i] - '0');
	}
	return 0;
}

/* "— NAME BASE64": 1 when it is by the key that is named like the origin, 0 when by another's. */
static int take_signature(struct note *n, struct piece line)
{
	const size_t dash = sizeof(DASH) - 1, name = strlen(n->origin);

	if (line.len < dash || memcmp(line.p, DASH, dash) != 0)
		return -EINVAL;
	if (line.len < dash + name + 1 || memcmp(line.p + dash, n->origin, name) != 0 ||
	    line.p[dash + name] != ' ')
		return 0;
	return take_base64(n->signature, NOTE_SIGNED, line.p + dash + name + 1,
			   line.len - dash - name - 1) == 0;
}

/* Lines that say more, which are signed with the others, up to the empty one. */
static int take_rest(struct note *n, const char *start, const char **text, const char *end)
{
	struct piece line;

	do {
		n->len = (size_t)(*text - start);
		if (n->len >= sizeof(n->text) || !next_line(text, end, &line))
			return -EINVAL;
	} while (line.len > 0);
	memcpy(n->text, start, n->len);
	n->text[n->len] = '\0';
	return 0;
}

static int take_note(struct note *n, const char **text, const char *end)
{
	const char *start = *text, *next;
	struct piece origin, size, root, line;
	int r, found = 0;

	if (!next_line(text, end, &origin) || take_origin(n, origin) < 0 ||
	    !next_line(text, end, &size) || take_size(n, size) < 0 ||
	    !next_line(text, end, &root) || take_base64(n->root, TREE_HASH, root.p, root.len) < 0 ||
	    take_rest(n, start, text, end) < 0)
		return -EINVAL;
	for (next = *text; next_line(&next, end, &line) && (r = take_signature(n, line)) >= 0;
	     *text = next)
		found |= r;
	return found ? 0 : -EINVAL;
}

static bool next_word(struct piece *line, struct piece *word)
{
	const char *blank = memchr(line->p, ' ', line->len);
	size_t n = blank ? (size_t)(blank - line->p) : line->len;

	*word = (struct piece){line->p, n};
	line->p += n + (blank ? 1 : 0);
	line->len -= n + (blank ? 1 : 0);
	return n > 0;
}

static int take_one_line(struct note *n, struct piece line)
{
	static const char mark[] = NOTE_LINE;
	const char *at = memmem(line.p, line.len, mark, sizeof(mark) - 1);
	struct piece w;

	if (!at)
		return -EINVAL;
	at += sizeof(mark) - 1;
	line = (struct piece){at, line.len - (size_t)(at - line.p)};
	if (!next_word(&line, &w) || take_origin(n, w) < 0 || !next_word(&line, &w) ||
	    take_size(n, w) < 0 || !next_word(&line, &w) ||
	    take_base64(n->root, TREE_HASH, w.p, w.len) < 0 || !next_word(&line, &w) ||
	    take_base64(n->signature, NOTE_SIGNED, w.p, w.len) < 0)
		return -EINVAL;
	return make_text(n);
}

bool note_next(struct note *n, const char **text, const char *end)
{
	while (*text < end) {
		const char *start = *text;
		struct piece line;

		if (take_note(n, text, end) == 0)
			return true;
		*text = start;
		if (!next_line(text, end, &line)) {
			line = (struct piece){start, (size_t)(end - start)};
			*text = end;
		}
		if (take_one_line(n, line) == 0)
			return true;
	}
	return false;
}

/* --- keys --- */

void note_key_write(const struct note_key *key, struct buf *b)
{
	unsigned char id[4], body[1 + NOTE_PUBLIC] = {ED25519};
	char hex[9];

	key_id(key->name, key->public, id);
	memcpy(body + 1, key->public, NOTE_PUBLIC);
	buf_fmt(b, "%s+%s+", key->name, sodium_bin2hex(hex, sizeof(hex), id, sizeof(id)));
	put_base64(b, body, sizeof(body));
}

int note_key_parse(struct note_key *key, const char *line, size_t len)
{
	const char *plus = memchr(line, '+', len);
	size_t name = plus ? (size_t)(plus - line) : 0, n;
	unsigned char id[4], said[4], body[1 + NOTE_PUBLIC];

	if (name == 0 || name >= sizeof(key->name) || len < name + 10 || line[name + 9] != '+' ||
	    sodium_hex2bin(said, 4, line + name + 1, 8, NULL, &n, NULL) != 0 || n != 4 ||
	    take_base64(body, sizeof(body), line + name + 10, len - name - 10) < 0 ||
	    body[0] != ED25519)
		return -EINVAL;
	memcpy(key->name, line, name);
	key->name[name] = '\0';
	memcpy(key->public, body + 1, NOTE_PUBLIC);
	key_id(key->name, key->public, id);
	return memcmp(id, said, 4) == 0 ? 0 : -EINVAL;
}
