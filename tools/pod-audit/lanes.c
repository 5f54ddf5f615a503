/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b (RFC 7693), at most 32 bytes of key and of digest, four messages in the words of a
 * vector. */
#include "tools/pod-audit/lanes.h"

#include <endian.h>
#include <sodium/utils.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK  128
#define ROUNDS 12
#define INLINE static inline __attribute__((always_inline))

typedef uint64_t words __attribute__((vector_size(8 * LANES)));

static const uint64_t iv[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint8_t sigma[ROUNDS][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

/* What is hashed: FRONT and then TEXT. */
struct message {
	unsigned char front[BLOCK];
	size_t front_len;
	const char *text;
	size_t len;
};

INLINE size_t message_len(const struct message *m)
{
	return m->front_len + m->len;
}

/* Block k, filled up with zeros. */
INLINE void fill(unsigned char to[BLOCK], const struct message *m, size_t k)
{
	size_t at = k * BLOCK, skip = k == 0 ? m->front_len : 0;
	size_t left = message_len(m) - at - skip;
	size_t n = left < BLOCK - skip ? left : BLOCK - skip;

	if (skip)
		memcpy(to, m->front, skip);
	memcpy(to + skip, m->text + at + skip - m->front_len, n);
	memset(to + skip + n, 0, BLOCK - skip - n);
}

#define TURN(x, n) (((x) >> (n)) | ((x) << (64 - (n))))

#define MIX(a, b, c, d, x, y)                 \
	do {                                  \
		v[a] += v[b] + m[s[x]];       \
		v[d] = TURN(v[d] ^ v[a], 32); \
		v[c] += v[d];                 \
		v[b] = TURN(v[b] ^ v[c], 24); \
		v[a] += v[b] + m[s[y]];       \
		v[d] = TURN(v[d] ^ v[a], 16); \
		v[c] += v[d];                 \
		v[b] = TURN(v[b] ^ v[c], 63); \
	} while (0)

/* counted: bytes up to here; last, busy: all ones in the lanes whose last block, whose turn it is.
 */
INLINE void compress(words h[8], const words m[16], const words *counted, const words *last,
		     const words *busy)
{
	words v[16];

	for (int i = 0; i < 8; i++) {
		v[i] = h[i];
		v[i + 8] = iv[i] - (words){0};
	}
	v[12] ^= *counted;
	v[14] ^= *last;
#pragma GCC unroll 12
	for (int r = 0; r < ROUNDS; r++) {
		const uint8_t *s = sigma[r];

		MIX(0, 4, 8, 12, 0, 1);
		MIX(1, 5, 9, 13, 2, 3);
		MIX(2, 6, 10, 14, 4, 5);
		MIX(3, 7, 11, 15, 6, 7);
		MIX(0, 5, 10, 15, 8, 9);
		MIX(1, 6, 11, 12, 10, 11);
		MIX(2, 7, 8, 13, 12, 13);
		MIX(3, 4, 9, 14, 14, 15);
	}
	for (int i = 0; i < 8; i++)
		h[i] ^= (v[i] ^ v[i + 8]) & *busy;
}

/* A lane that has ended goes along without effect. */
INLINE bool load(words m[16], const struct message *v, size_t n, size_t k, words state[3])
{
	uint64_t word[LANES][BLOCK / 8] = {{0}};
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		size_t len = message_len(&v[i]), end = (k + 1) * BLOCK;
		bool busy = k * BLOCK < len;

		state[0][i] = end < len ? end : len;
		state[1][i] = end < len ? 0 : ~0ull;
		state[2][i] = busy ? ~0ull : 0;
		any |= busy;
		if (busy)
			fill((unsigned char *)word[i], &v[i], k);
	}
	for (int w = 0; w < BLOCK / 8; w++)
		m[w] = (words){le64toh(word[0][w]), le64toh(word[1][w]), le64toh(word[2][w]),
			       le64toh(word[3][w])};
	return any;
}

/* parameters: the bytes of the digest and, times 256, of the key. */
INLINE void hash(const struct message *v, size_t n, uint64_t parameters, words h[8])
{
	words m[16] = {{0}}, state[3] = {{0}};

	for (int i = 0; i < 8; i++)
		h[i] = iv[i] - (words){0};
	h[0] ^= 0x01010000 ^ parameters;
	for (size_t k = 0; load(m, v, n, k, state); k++)
		compress(h, m, &state[0], &state[1], &state[2]);
}

static void hash_plain(const struct message *v, size_t n, uint64_t parameters, words h[8])
{
	hash(v, n, parameters, h);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void hash_avx2(const struct message *v, size_t n,
						      uint64_t parameters, words h[8])
{
	hash(v, n, parameters, h);
}

__attribute__((target("avx512f,avx512vl"))) static void
hash_avx512(const struct message *v, size_t n, uint64_t parameters, words h[8])
{
	hash(v, n, parameters, h);
}
#endif

static void hash_best(const struct message *v, size_t n, uint64_t parameters, words h[8])
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512vl")) {
		hash_avx512(v, n, parameters, h);
		return;
	}
	if (__builtin_cpu_supports("avx2")) {
		hash_avx2(v, n, parameters, h);
		return;
	}
#endif
	hash_plain(v, n, parameters, h);
}

static void write_digest(const words h[8], size_t lane, unsigned char *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (unsigned char)(h[i / 8][lane] >> (i % 8 * 8));
}

/* The message is PREV "\n" TEXT. */
void lanes_chain(struct lane *v, size_t n)
{
	struct message m[LANES] = {{.len = 0}};
	unsigned char digest[32];
	words h[8];

	for (size_t i = 0; i < n; i++) {
		memcpy(m[i].front, v[i].prev, RECORD_HEX - 1);
		m[i].front[RECORD_HEX - 1] = '\n';
		m[i].front_len = RECORD_HEX;
		m[i].text = v[i].text;
		m[i].len = v[i].len;
	}
	hash_best(m, n, sizeof(digest), h);
	for (size_t i = 0; i < n; i++) {
		write_digest(h, i, digest, sizeof(digest));
		sodium_bin2hex(v[i].made, RECORD_HEX, digest, sizeof(digest));
	}
}

/* A key stands in a block of its own before the message. */
void lanes_keyed(struct lane_keyed *v, size_t n, size_t size)
{
	struct message m[LANES] = {{.len = 0}};
	words h[8];

	for (size_t i = 0; i < n; i++) {
		memset(m[i].front, 0, BLOCK);
		memcpy(m[i].front, v[i].key, LOGSEAL_KEY);
		m[i].front_len = BLOCK;
		m[i].text = v[i].text;
		m[i].len = v[i].len;
	}
	hash_best(m, n, (uint64_t)LOGSEAL_KEY << 8 | size, h);
	for (size_t i = 0; i < n; i++)
		write_digest(h, i, v[i].made, size);
	sodium_memzero(m, sizeof(m));
}
