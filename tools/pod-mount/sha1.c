/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/sha1.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct sha1 {
	uint32_t h[5];
	uint64_t bytes;
	unsigned char block[64];
};

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t load(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t choose(int t, const uint32_t v[5])
{
	static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t f = v[1] ^ v[2] ^ v[3];

	if (t < 20)
		f = (v[1] & v[2]) | (~v[1] & v[3]);
	else if (t >= 40 && t < 60)
		f = (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]);
	return f + k[t / 20];
}

static void mix(struct sha1 *s, const unsigned char *p)
{
	uint32_t w[80], v[5];

	for (int t = 0; t < 16; t++)
		w[t] = load(p + 4 * t);
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, s->h, sizeof(v));
	for (int t = 0; t < 80; t++) {
		uint32_t next = rotate(v[0], 5) + choose(t, v) + v[4] + w[t];

		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (int i = 0; i < 5; i++)
		s->h[i] += v[i];
}

static void add(struct sha1 *s, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > 0) {
		size_t have = s->bytes % 64, n = 64 - have < len ? 64 - have : len;

		memcpy(s->block + have, p, n);
		s->bytes += n;
		p += n;
		len -= n;
		if (have + n == 64)
			mix(s, s->block);
	}
}

static void finish(struct sha1 *s, unsigned char sum[SHA1_BYTES])
{
	uint64_t bits = s->bytes * 8;
	unsigned char tail[8];

	add(s, "\x80", 1);
	while (s->bytes % 64 != 56)
		add(s, "", 1);
	for (int i = 0; i < 8; i++)
		tail[i] = (unsigned char)(bits >> (56 - 8 * i));
	add(s, tail, 8);
	for (int i = 0; i < SHA1_BYTES; i++)
		sum[i] = (unsigned char)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

static const struct sha1 fresh = {
	.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};

void sha1_sum(unsigned char sum[SHA1_BYTES], const void *data, size_t len)
{
	struct sha1 s = fresh;

	add(&s, data, len);
	finish(&s, sum);
}

void git_blob_name(char hex[SHA1_HEX], const void *data, size_t len)
{
	struct sha1 s = fresh;
	unsigned char sum[SHA1_BYTES];
	char head[32];
	int n = snprintf(head, sizeof(head), "blob %zu", len);

	add(&s, head, (size_t)n + 1);
	add(&s, data, len);
	finish(&s, sum);
	for (int i = 0; i < SHA1_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}
