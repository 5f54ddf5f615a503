/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/signkey.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/sealkeys.h"

#define WORD "envpod-sign-key 1 "

void signkey_finish(struct signkey *k)
{
	sodium_memzero(k, sizeof(*k));
}

static void derive_public(struct signkey *k)
{
	unsigned char secret[crypto_sign_ed25519_SECRETKEYBYTES];

	crypto_sign_ed25519_seed_keypair(k->key.public, secret, k->seed);
	sodium_memzero(secret, sizeof(secret));
}

int signkey_parse(struct signkey *k, const char *text, size_t len)
{
	const size_t head = sizeof(WORD) - 1, digits = (size_t)2 * NOTE_SEED;
	size_t name, n;

	if (len < head + digits + 2 || memcmp(text, WORD, head) != 0 || text[len - 1] != '\n')
		return -EINVAL;
	name = len - head - digits - 2;
	if (name == 0 || name >= sizeof(k->key.name) || text[head + name] != ' ' ||
	    sodium_hex2bin(k->seed, NOTE_SEED, text + head + name + 1, digits, NULL, &n, NULL) !=
		    0 ||
	    n != NOTE_SEED)
		return -EINVAL;
	memcpy(k->key.name, text + head, name);
	k->key.name[name] = '\0';
	derive_public(k);
	return 0;
}

/* In an origin there are no blanks and no plus; what a host may be called besides is left out. */
static void name_host(struct signkey *k)
{
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	for (char *c = host; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			*c = '-';
	snprintf(k->key.name, sizeof(k->key.name), "envpod/%s", *host ? host : "host");
}

static int make(struct signkey *k, int dir)
{
	OWN_BUF struct buf text = BUF_INIT, public = BUF_INIT;
	char hex[2 * NOTE_SEED + 1];
	int r;

	name_host(k);
	randombytes_buf(k->seed, NOTE_SEED);
	derive_public(k);
	sodium_bin2hex(hex, sizeof(hex), k->seed, NOTE_SEED);
	buf_fmt(&text, WORD "%s %s\n", k->key.name, hex);
	note_key_write(&k->key, &public);
	buf_char(&public, '\n');
	r = write_file_at(dir, "sign.pub", public.data, public.len, 0644, true);
	if (r == 0)
		r = write_file_at(dir, "sign.key", text.data, text.len, 0600, true);
	sodium_memzero(hex, sizeof(hex));
	sodium_memzero(text.data, text.cap);
	return r;
}

int signkey_open(struct signkey *k, struct err *e)
{
	OWN(sealkeys_finish) struct sealkeys keys = SEALKEYS_INIT;
	OWN_BUF struct buf b = BUF_INIT;
	int r = sealkeys_open(&keys, e);

	if (r < 0)
		return r;
	r = read_file_at(keys.dir, "sign.key", &b, 4096);
	if (r == -ENOENT)
		r = make(k, keys.dir);
	else if (r == 0)
		r = signkey_parse(k, b.data, b.len);
	if (b.data)
		sodium_memzero(b.data, b.cap);
	if (r == -EINVAL)
		return err_set(e, ERR_PLAIN,
			       "the key that signs checkpoints, keys/audit/sign.key, is damaged: "
			       "put it back, or remove it for a new one");
	return r < 0 ? err_set(e, -r, "read the key that signs checkpoints") : 0;
}
