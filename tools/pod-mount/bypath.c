/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/bypath.h"

#include <string.h>

static const char *path_at(const void *v, size_t i, size_t size)
{
	return *(const char *const *)((const char *)v + i * size);
}

size_t bypath_end(const void *v, size_t n, size_t size, const char *path)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(path_at(v, mid, size), path) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
