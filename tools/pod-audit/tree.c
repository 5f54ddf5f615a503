/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

static void hash_leaf(const char *line, size_t len, unsigned char out[TREE_HASH])
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const unsigned char *)"\0", 1);
	crypto_hash_sha256_update(&st, (const unsigned char *)line, len);
	crypto_hash_sha256_final(&st, out);
}

static void join(const unsigned char *left, const unsigned char *right, unsigned char *out)
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const unsigned char *)"\1", 1);
	crypto_hash_sha256_update(&st, left, TREE_HASH);
	crypto_hash_sha256_update(&st, right, TREE_HASH);
	crypto_hash_sha256_final(&st, out);
}

void tree_add(struct tree *t, const char *line, size_t len)
{
	unsigned char h[TREE_HASH];
	unsigned i = 0;

	hash_leaf(line, len, h);
	for (uint64_t n = t->size; n & 1; n >>= 1, i++)
		join(t->node[i], h, h);
	memcpy(t->node[i], h, TREE_HASH);
	t->size++;
}

void tree_root(const struct tree *t, unsigned char root[TREE_HASH])
{
	unsigned i = 0;

	if (t->size == 0) {
		crypto_hash_sha256(root, (const unsigned char *)"", 0);
		return;
	}
	while (!(t->size >> i & 1))
		i++;
	memcpy(root, t->node[i], TREE_HASH);
	while (++i < 64)
		if (t->size >> i & 1)
			join(t->node[i], root, root);
}

void tree_write(const struct tree *t, const struct tree_place *at, struct buf *b)
{
	char hex[2 * TREE_HASH + 1];

	buf_fmt(b, "envpod-tree 1 %" PRIu64 " %u %" PRIu64 " %s\n", t->size, at->segment,
		at->offset, at->chain);
	for (int i = 63; i >= 0; i--)
		if (t->size >> i & 1) {
			sodium_bin2hex(hex, sizeof(hex), t->node[i], TREE_HASH);
			buf_fmt(b, "%s\n", hex);
		}
}

static int take_node(const char **p, const char *end, unsigned char node[TREE_HASH])
{
	const size_t digits = (size_t)2 * TREE_HASH;
	size_t n;

	if ((size_t)(end - *p) < digits + 1 || (*p)[digits] != '\n' ||
	    sodium_hex2bin(node, TREE_HASH, *p, digits, NULL, &n, NULL) != 0 || n != TREE_HASH)
		return -EINVAL;
	*p += digits + 1;
	return 0;
}

int tree_parse(struct tree *t, struct tree_place *at, const char *data, size_t len)
{
	const char *nl = memchr(data, '\n', len < 256 ? len : 256), *p, *end = data + len;
	char head[257];
	int used = 0;

	if (!nl)
		return -EINVAL;
	memcpy(head, data, (size_t)(nl - data));
	head[nl - data] = '\0';
	if (sscanf(head, "envpod-tree 1 %18" SCNu64 " %9u %18" SCNu64 " %64[0-9a-f]%n", &t->size,
		   &at->segment, &at->offset, at->chain, &used) != 4 ||
	    used != nl - data || strlen(at->chain) != RECORD_HEX - 1)
		return -EINVAL;
	p = nl + 1;
	for (int i = 63; i >= 0; i--)
		if (t->size >> i & 1 && take_node(&p, end, t->node[i]) < 0)
			return -EINVAL;
	return p == end ? 0 : -EINVAL;
}
