/* SPDX-License-Identifier: Apache-2.0 */
/* STATE/cache/packaged: what is not whole, or not of these lists, says nothing. */
#include "tools/pod-mount/packaged.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char stamp[PACKAGED_STAMP] = "envpod-packaged 1 0.1.0 1 2 3 4\n";
	OWN_BUF struct buf b = BUF_INIT;
	const char *lines;

	buf_add(&b, data, size);
	lines = packaged_lines(b.data, b.len, stamp);
	if (lines && (strncmp(b.data, stamp, strlen(stamp)) != 0 || strlen(lines) < 4 ||
		      strcmp(lines + strlen(lines) - 4, "end\n") != 0))
		abort();
	return 0;
}
