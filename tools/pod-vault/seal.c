/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/seal.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"

#define FORMAT     1u
#define NONCE      crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG        crypto_aead_xchacha20poly1305_ietf_ABYTES
#define VALUE_HEAD 64 /* magic, format, zero, version, key id, nonce */
#define INDEX_HEAD 92 /* the same with kind, salt, figures; the words of a command follow */

/* Below these a passphrase is too cheap to try; above, a forged header would stall the machine. */
#define PASSES_MIN 1u
#define PASSES_MAX 16u
#define MEMORY_MIN (8u << 10)
#define MEMORY_MAX (1u << 20)

static const char magics[][9] = {"envpodvi", "envpodvb"};

/* Little-endian, whatever the machine. */
static void put32(unsigned char *to, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(n >> (8 * i));
}

static void put64(unsigned char *to, uint64_t n)
{
	put32(to, (uint32_t)n);
	put32(to + 4, (uint32_t)(n >> 32));
}

static uint32_t get32(const unsigned char *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static uint64_t get64(const unsigned char *from)
{
	return get32(from) | (uint64_t)get32(from + 4) << 32;
}

void seal_key_id(const unsigned char *key, unsigned char id[SEAL_ID])
{
	static const char text[] = "envpod-vault key id";

	crypto_generichash(id, SEAL_ID, (const unsigned char *)text, sizeof(text) - 1, key,
			   SEAL_KEY);
}

static void encrypt(struct buf *out, const void *data, size_t len, const struct buf *ad,
		    const unsigned char *nonce, const unsigned char *key)
{
	OWN_FREE unsigned char *cipher = xcalloc(1, len + TAG);

	crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, NULL, data, len,
						   (const unsigned char *)ad->data, ad->len, NULL,
						   nonce, key);
	buf_add(out, cipher, len + TAG);
}

static int decrypt(struct secret *to, const unsigned char *data, size_t len, const struct buf *ad,
		   const unsigned char *nonce, const unsigned char *key, struct err *e)
{
	unsigned long long n;
	int r = secret_new(to, len - TAG, e);

	if (r < 0)
		return r;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)to->data, &n, NULL, data,
						       len, (const unsigned char *)ad->data,
						       ad->len, nonce, key) == 0)
		return 0;
	secret_finish(to);
	return err_status(e, POD_EXIT_CONFIG, EBADMSG, "open it");
}

/* Header, id and name: each of a length that is known, but the last. */
static void value_ad(struct buf *ad, const struct seal *s, const unsigned char *head)
{
	buf_add(ad, head, VALUE_HEAD);
	buf_add(ad, s->id, SEAL_ID);
	buf_str(ad, s->name);
}

void seal_value(const struct seal *s, const void *value, size_t len, struct buf *out)
{
	unsigned char head[VALUE_HEAD] = "envpodvs";
	OWN_BUF struct buf ad = BUF_INIT;

	put32(head + 8, FORMAT);
	put64(head + 16, s->version);
	seal_key_id(s->key, head + 24);
	randombytes_buf(head + 40, NONCE);
	value_ad(&ad, s, head);
	buf_add(out, head, sizeof(head));
	encrypt(out, value, len, &ad, head + 40, s->key);
}

int seal_version(const void *data, size_t len, uint64_t *version)
{
	const unsigned char *p = data;

	if (len < VALUE_HEAD + TAG || len > VALUE_HEAD + TAG + SEAL_VALUE_MAX ||
	    memcmp(p, "envpodvs", 8) != 0 || get32(p + 8) != FORMAT || get32(p + 12) != 0)
		return -EINVAL;
	*version = get64(p + 16);
	return 0;
}

int seal_open(const struct seal *s, const void *data, size_t len, struct secret *value,
	      struct err *e)
{
	const unsigned char *p = data;
	OWN_BUF struct buf ad = BUF_INIT;
	uint64_t version;

	if (seal_version(data, len, &version) < 0)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "it is no sealed secret");
	if (version != s->version)
		return err_status(e, POD_EXIT_CONFIG, EBADMSG,
				  "it is version %llu, and version %llu is the current one",
				  (unsigned long long)version, (unsigned long long)s->version);
	value_ad(&ad, s, p);
	return decrypt(value, p + VALUE_HEAD, len - VALUE_HEAD, &ad, p + 40, s->key, e);
}

void seal_index(enum seal_what what, const struct seal_head *h, const unsigned char *key,
		const void *text, size_t len, struct buf *out)
{
	unsigned char head[INDEX_HEAD] = {0};
	OWN_BUF struct buf ad = BUF_INIT;

	memcpy(head, magics[what], 8);
	put32(head + 8, FORMAT);
	put32(head + 12, h->kind);
	put64(head + 16, h->generation);
	seal_key_id(key, head + 24);
	memcpy(head + 40, h->salt, SEAL_SALT);
	put32(head + 56, h->passes);
	put32(head + 60, h->memory_kib);
	put32(head + 64, (uint32_t)h->argv_len);
	randombytes_buf(head + 68, NONCE);
	buf_add(&ad, head, sizeof(head));
	buf_add(&ad, h->argv, h->argv_len);
	buf_add(out, ad.data, ad.len);
	encrypt(out, text, len, &ad, head + 68, key);
}

static int bad_head(struct err *e, const char *what)
{
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s", what);
}

static int check_figures(const struct seal_head *h, struct err *e)
{
	bool ok = h->passes >= PASSES_MIN && h->passes <= PASSES_MAX &&
		  h->memory_kib >= MEMORY_MIN && h->memory_kib <= MEMORY_MAX;
	bool words = h->argv_len > 0 && h->argv[0] && h->argv[h->argv_len - 1] == '\0';

	if (h->kind == SEAL_FILE ? h->passes || h->memory_kib : !ok)
		return bad_head(e, "its figures for Argon2id are out of bounds");
	if (h->kind == SEAL_COMMAND ? !words : h->argv_len != 0)
		return bad_head(e, "its command is cut off");
	return 0;
}

int seal_head_read(enum seal_what what, const void *data, size_t len, struct seal_head *h,
		   size_t *head_len, struct err *e)
{
	const unsigned char *p = data;
	uint32_t kind, argv_len;

	*h = (struct seal_head){0};
	if (len < INDEX_HEAD + TAG || memcmp(p, magics[what], 8) != 0)
		return bad_head(e, what == SEAL_INDEX ? "it is no index of a vault"
						      : "it is no bundle of secrets");
	if (get32(p + 8) != FORMAT)
		return bad_head(e, "a newer envpod wrote it");
	kind = get32(p + 12);
	argv_len = get32(p + 64);
	if (kind > SEAL_COMMAND || argv_len > SEAL_ARGV_MAX || argv_len > len - INDEX_HEAD - TAG)
		return bad_head(e, "its header is out of bounds");
	h->kind = (enum seal_kind)kind;
	h->generation = get64(p + 16);
	memcpy(h->key_id, p + 24, SEAL_ID);
	memcpy(h->salt, p + 40, SEAL_SALT);
	h->passes = get32(p + 56);
	h->memory_kib = get32(p + 60);
	h->argv_len = argv_len;
	memcpy(h->argv, p + INDEX_HEAD, argv_len);
	*head_len = INDEX_HEAD + argv_len;
	if (len - *head_len - TAG > SEAL_INDEX_MAX)
		return bad_head(e, "it is too long");
	return check_figures(h, e);
}

int seal_index_open(enum seal_what what, const void *data, size_t len, const unsigned char *key,
		    struct secret *text, struct err *e)
{
	const unsigned char *p = data;
	unsigned char id[SEAL_ID];
	OWN_BUF struct buf ad = BUF_INIT;
	struct seal_head h;
	size_t head_len;
	int r = seal_head_read(what, data, len, &h, &head_len, e);

	if (r < 0)
		return r;
	seal_key_id(key, id);
	if (sodium_memcmp(id, h.key_id, SEAL_ID) != 0)
		return err_set(e, ENOKEY, "it was sealed by another key");
	buf_add(&ad, data, head_len);
	return decrypt(text, p + head_len, len - head_len, &ad, p + 68, key, e);
}

int seal_derive(const struct seal_head *h, const char *words, size_t len, struct secret *key,
		struct err *e)
{
	int r = secret_new(key, SEAL_KEY, e);

	if (r < 0)
		return r;
	if (crypto_pwhash((unsigned char *)key->data, SEAL_KEY, words, len, h->salt, h->passes,
			  (size_t)h->memory_kib << 10, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return 0;
	secret_finish(key);
	return err_set(e, ENOMEM, "make a key of it with %u MiB", h->memory_kib >> 10);
}

void seal_head_new(struct seal_head *h, enum seal_kind kind)
{
	*h = (struct seal_head){.kind = kind};
	if (kind == SEAL_FILE)
		return;
	randombytes_buf(h->salt, SEAL_SALT);
	h->passes = 3;
	h->memory_kib = 64u << 10;
}
