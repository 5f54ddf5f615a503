/* SPDX-License-Identifier: Apache-2.0 */
/* A file of STATE/cache: what is not whole, or made from something else, is not there. */
#include "libcommon/cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "made from this";
	const char *file = (const char *)data, *from;
	char hash[CACHE_HASH];
	size_t n = 0;

	from = cache_parse(file, size, head, &n);
	if (!from)
		return 0;
	cache_hash(from, n, hash);
	if (from + n != file + size || !memmem(file, size, head, strlen(head)) ||
	    !memmem(file, size, hash, strlen(hash)))
		abort();
	return 0;
}
