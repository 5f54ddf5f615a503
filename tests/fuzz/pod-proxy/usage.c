/* SPDX-License-Identifier: Apache-2.0 */
/* Counts are the same however the answer is cut; the first byte says whose it is, and how cut. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usage a, b;
	size_t step;

	if (size < 1)
		return 0;
	step = data[0] / 16 + 1u;
	usage_begin(&a, data[0] % 4 + 1u, data[0] & 8);
	usage_begin(&b, data[0] % 4 + 1u, data[0] & 8);
	usage_feed(&a, (const char *)data + 1, size - 1);
	for (size_t at = 1; at < size; at += step)
		usage_feed(&b, (const char *)data + at, size - at < step ? size - at : step);
	if (a.any != b.any || memcmp(a.count, b.count, sizeof(a.count)) != 0)
		abort();
	return 0;
}
