/* SPDX-License-Identifier: Apache-2.0 */
/* The base of a layer: whatever it says, a lookup ends and a torn one is refused. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-mount/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BASES struct bases b = {0};
	struct err e = {0};
	struct stat st = {.st_ino = 12, .st_size = 5};
	OWN_BUF struct buf out = BUF_INIT;
	int r = base_parse(&b, 0, (const char *)data, size, &e);

	if (r == 0 && (size < 4 || memcmp(data + size - 4, "end\n", 4) != 0))
		abort();
	if (r == 0 && base_parse(&b, 1, (const char *)data, size, &e) < 0)
		abort();
	if (r == 0 &&
	    base_merge(&out, (const char *)data, size, (const char *)data, size, &e) == 0 &&
	    base_parse(&b, 2, out.data, out.len, &e) < 0)
		abort();
	base_check(&b, "/home/u/a", &st, true);
	base_check(&b, "/home/u/b\nc/d", NULL, false);
	return 0;
}
