/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/crt.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"

#define FILE_MAX 16384

void pair_finish(struct pair *p)
{
	X509_free(p->crt);
	EVP_PKEY_free(p->key);
	*p = (struct pair){0};
}

/* Of what it reads nothing stays behind: it may be a key. */
static void *read_pem(int dir, const char *name, void *(*read)(BIO *from))
{
	OWN_BUF struct buf b = BUF_INIT;
	BIO *bio;
	void *made;

	if (read_file_at(dir, name, &b, FILE_MAX) < 0 || b.len == 0)
		return NULL;
	bio = BIO_new_mem_buf(b.data, (int)b.len);
	made = bio ? read(bio) : NULL;
	BIO_free(bio);
	OPENSSL_cleanse(b.data, b.len);
	return made;
}

static void *read_crt(BIO *from)
{
	return PEM_read_bio_X509(from, NULL, NULL, NULL);
}

static void *read_key(BIO *from)
{
	return PEM_read_bio_PrivateKey(from, NULL, NULL, NULL);
}

EVP_PKEY *crt_key(int dir, const char *name)
{
	return read_pem(dir, name, read_key);
}

bool pair_load(struct pair *p, int dir, const char *crt, const char *key)
{
	*p = (struct pair){read_pem(dir, crt, read_crt), crt_key(dir, key)};
	if (p->crt && p->key && X509_check_private_key(p->crt, p->key) == 1)
		return true;
	pair_finish(p);
	return false;
}

bool crt_number(X509 *crt)
{
	unsigned char bytes[16];
	BIGNUM *n;
	bool done;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	done = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(crt));
	BN_free(n);
	return done;
}

bool crt_extend(X509 *crt, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool done;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, crt, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	done = ext && X509_add_ext(crt, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return done;
}
