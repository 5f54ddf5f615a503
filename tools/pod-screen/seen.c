/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-screen/seen.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"

void seen_init(struct seen *s)
{
	s->sums = xcalloc(SEEN_KEPT, sizeof(*s->sums));
}

void seen_finish(struct seen *s)
{
	free(s->sums);
	s->sums = NULL;
}

bool seen_sum(const struct seen *s, unsigned without, const char *text, size_t len,
	      unsigned char sum[SEEN_SUM])
{
	unsigned char key[SEEN_SUM] = {0};

	if (!s->sums || len < SEEN_MIN)
		return false;
	memcpy(key, &without, sizeof(without));
	return crypto_generichash_blake2b(sum, SEEN_SUM, (const unsigned char *)text, len, key,
					  sizeof(key)) == 0;
}

static unsigned char *place_of(const struct seen *s, const unsigned char sum[SEEN_SUM])
{
	uint32_t n;

	memcpy(&n, sum, sizeof(n));
	return s->sums[n % SEEN_KEPT];
}

bool seen_has(const struct seen *s, const unsigned char sum[SEEN_SUM])
{
	return memcmp(place_of(s, sum), sum, SEEN_SUM) == 0;
}

void seen_put(struct seen *s, const unsigned char sum[SEEN_SUM])
{
	memcpy(place_of(s, sum), sum, SEEN_SUM);
}
