/* SPDX-License-Identifier: Apache-2.0 */
/* What scrub.c looks for: the patterns of scrub.h, and tables over them. */
#ifndef POD_PROXY_PATTERNS_H
#define POD_PROXY_PATTERNS_H

#include <stdint.h>

#include "tools/pod-proxy/scrub.h"

#define PATTERNS_BUCKETS 256
#define PATTERNS_NONE    UINT32_MAX
#define PATTERNS_GRAMS   262144

struct pattern {
	size_t at, len; /* in text */
	int id;
	enum {
		PATTERN_PLAIN,
		PATTERN_NOCASE, /* hex: lower case here, either there, mixed too */
		PATTERN_ESCAPED,
		PATTERN_LINES, /* base64: escaped, and broken into lines */
	} kind;
	uint32_t next; /* of its bucket */
};

/* Made of secrets, so it lies in locked memory, too. */
struct patterns_index {
	/* Wu and Manber: how far a window can move whose last two bytes these are; 0: look. */
	uint8_t shift[65536];
	uint32_t bucket[PATTERNS_BUCKETS]; /* by the first four bytes, whatever their case */
	uint8_t starts[65536 / 8];         /* may a match begin with these two bytes? */
	/* Of base64: what four bytes may stand before the end of a line, and, where a match begins
	 * with fewer, what may stand around it (patterns_gram()). */
	uint8_t grams[PATTERNS_GRAMS / 8];
	bool first[256];  /* does a pattern that may be escaped begin with this byte? */
	bool inside[256]; /* is this byte in a pattern that may be escaped? */
};

struct patterns {
	uint8_t *text;
	size_t len, cap;
	struct pattern *v;
	size_t n;
	size_t shortest;
	size_t reach; /* of the longest match that there may be */
	struct patterns_index *index;
};

static inline unsigned patterns_bucket(const uint8_t *at)
{
	uint32_t four;

	__builtin_memcpy(&four, at, sizeof(four));
	return (four | 0x20202020u) * 2654435761u >> 24;
}

static inline bool pattern_escapes(const struct pattern *v)
{
	return v->kind == PATTERN_ESCAPED || v->kind == PATTERN_LINES;
}

static inline unsigned patterns_pair(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Four bytes, of which `before` stand in front of the end of a line. */
static inline unsigned patterns_gram(const uint8_t four[4], unsigned before)
{
	uint32_t n;

	__builtin_memcpy(&n, four, sizeof(n));
	return ((n ^ before) * 2654435761u) >> 14;
}

static inline bool patterns_bit(const uint8_t *map, unsigned n)
{
	return map[n / 8] >> n % 8 & 1;
}

#endif
