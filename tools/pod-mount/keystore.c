/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/keystore.h"

#include <sodium.h>
#include <string.h>

#include "tools/pod-mount/sha1.h"

#define MAGIC    0xfeedfeedu
#define VERSION  2u
#define HEAD     12 /* magic, version, number of entries */
#define TRUSTED  2u /* kind of an entry: a certificate, no key */
#define PASSWORD "changeit"
#define SALT     "Mighty Aphrodite" /* so it is written in Java's own sources */
#define PEM_MAX  65536              /* bytes of one certificate */

static void put32(struct buf *b, uint32_t n)
{
	const char bytes[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};

	buf_add(b, bytes, sizeof(bytes));
}

/* Its length in two bytes, and the text. */
static void put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);
	const char bytes[] = {(char)(len >> 8), (char)len};

	buf_add(b, bytes, sizeof(bytes));
	buf_add(b, text, len);
}

static uint32_t get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void digest(unsigned char sum[SHA1_BYTES], const char *data, size_t len)
{
	OWN_BUF struct buf b = BUF_INIT;

	for (const char *c = PASSWORD; *c; c++) {
		buf_char(&b, '\0'); /* UTF-16 */
		buf_char(&b, *c);
	}
	buf_str(&b, SALT);
	buf_add(&b, data, len);
	sha1_sum(sum, b.data, b.len);
}

void keystore_finish(struct keystore *k)
{
	buf_finish(&k->b);
}

static void begin(struct keystore *k)
{
	buf_clear(&k->b);
	k->count = 0;
	put32(&k->b, MAGIC);
	put32(&k->b, VERSION);
	put32(&k->b, 0);
}

bool keystore_open(struct keystore *k, const char *data, size_t len)
{
	unsigned char sum[SHA1_BYTES];

	begin(k);
	if (len < HEAD + SHA1_BYTES || get32(data) != MAGIC || get32(data + 4) != VERSION)
		return false;
	len -= SHA1_BYTES;
	digest(sum, data, len);
	if (memcmp(sum, data + len, sizeof(sum)) != 0)
		return false;
	k->count = get32(data + 8);
	buf_add(&k->b, data + HEAD, len - HEAD);
	return true;
}

void keystore_add(struct keystore *k, const char *alias, const void *der, size_t len)
{
	if (!k->b.len)
		begin(k);
	put32(&k->b, TRUSTED);
	put_text(&k->b, alias);
	put32(&k->b, 0); /* when it was added, in ms: the same store for the same certificates */
	put32(&k->b, 0);
	put_text(&k->b, "X.509");
	put32(&k->b, (uint32_t)len);
	buf_add(&k->b, der, len);
	k->count++;
}

void keystore_close(struct keystore *k, struct buf *out)
{
	unsigned char sum[SHA1_BYTES];

	if (!k->b.len)
		begin(k);
	for (int i = 0; i < 4; i++)
		k->b.data[8 + i] = (char)(k->count >> (24 - 8 * i));
	digest(sum, k->b.data, k->b.len);
	buf_add(out, k->b.data, k->b.len);
	buf_add(out, sum, sizeof(sum));
}

static bool decode(struct buf *der, const char *text, size_t len)
{
	unsigned char bin[PEM_MAX];
	size_t n;

	if (sodium_base642bin(bin, sizeof(bin), text, len, "\r\n\t ", &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) < 0)
		return false;
	buf_clear(der);
	buf_add(der, bin, n);
	return true;
}

bool pem_next(const char **p, struct buf *der)
{
	static const char begins[] = "-----BEGIN CERTIFICATE-----", ends[] = "-----END CERTIFICATE";
	const char *from, *to;

	while ((from = strstr(*p, begins))) {
		from += sizeof(begins) - 1;
		to = strstr(from, ends);
		if (!to)
			return false;
		*p = to;
		if (decode(der, from, (size_t)(to - from)))
			return true;
	}
	return false;
}
