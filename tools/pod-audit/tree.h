/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962 over the lines of a log, by SHA-256: a leaf is a line without its
 * newline.  Of the tree only its right edge is kept, the perfect subtrees that more leaves join.
 */
#ifndef POD_AUDIT_TREE_H
#define POD_AUDIT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/record.h"

#define TREE_HASH 32

struct tree {
	uint64_t size;
	unsigned char node[64][TREE_HASH]; /* [i]: of 2^i leaves, where size has that bit */
};

void tree_add(struct tree *t, const char *line, size_t len);
void tree_root(const struct tree *t, unsigned char root[TREE_HASH]);

/*
 * The file audit/tree: how far the tree has come, so that the next checkpoint reads on from there.
 * It can be found out anew, and is not believed where the log does not fit it.
 *     envpod-tree 1 SIZE SEGMENT OFFSET CHAIN
 * and the nodes, the largest first, a line of hex digits each.
 */
#define TREE_TEXT_MAX 8192

struct tree_place {
	unsigned segment;
	uint64_t offset; /* in it, behind the last line */
	char chain[RECORD_HEX];
};

void tree_write(const struct tree *t, const struct tree_place *at, struct buf *b);
/* -EINVAL */
int tree_parse(struct tree *t, struct tree_place *at, const char *data, size_t len);

#endif
