/* SPDX-License-Identifier: Apache-2.0 */
/* What scrub.c looks for: the patterns of scrub.h, and tables over them. */
#ifndef POD_PROXY_PATTERNS_H
#define POD_PROXY_PATTERNS_H

#include <stdint.h>

#include "tools/pod-proxy/scrub.h"

#define PATTERNS_BUCKETS 256
#define PATTERNS_NONE    UINT32_MAX

struct pattern {
	size_t at, len; /* in text */
	int id;
	bool escapes;  /* its bytes may stand escaped */
	uint32_t next; /* of its bucket */
};

/* Made of secrets, so it lies in locked memory, too. */
struct patterns_index {
	/* Wu and Manber: how far a window can move whose last two bytes these are; 0: look. */
	uint8_t shift[65536];
	uint32_t bucket[PATTERNS_BUCKETS]; /* by the first four bytes */
	uint8_t starts[65536 / 8];         /* may a match begin with these two bytes? */
	bool inside[256];                  /* is this byte in a pattern that may be escaped? */
};

struct patterns {
	uint8_t *text;
	size_t len, cap;
	struct pattern *v;
	size_t n;
	size_t shortest, longest;
	struct patterns_index *index;
};

static inline unsigned patterns_bucket(const uint8_t *at)
{
	uint32_t four;

	__builtin_memcpy(&four, at, sizeof(four));
	return four * 2654435761u >> 24;
}

static inline unsigned patterns_pair(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

#endif
